#!/bin/bash
# Every test program of this directory again, in the modes that are not the default.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${RIG_BUILD:-$here/../../build}/tests
failed=0
for source in "$here"/*.c; do
	test=$(basename "$source" .c)
	for mode in bracketed off; do
		out=$(SYMBIOTE_MODE=$mode timeout 100 "$build/shim/$test" 2>&1)
		status=$?
		if ((status && status != 77)); then
			echo "not ok: $test, $mode: status $status: $out"
			failed=1
		fi
	done
done
exit $failed
