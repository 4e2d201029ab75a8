#!/bin/bash
# SIMD registers of elevated threads, while softirqs use them: in gate calls and between.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

helper_module simd
for name in registers timer_simd sve; do
	status=0
	"$RIG_BUILD/tests/elevate/$name" >said || status=$?
	((status == 0 || status == 77)) || { cat said && fail "$name failed, status $status"; }
	echo "$name: $(tail -n 1 said)"
done
uses=$(</sys/module/simd/parameters/uses)
echo "# $uses times in softirqs"
((uses > 100)) || fail "hardly used"
