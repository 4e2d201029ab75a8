#!/bin/bash
# Elevated text would use SME without the kernel noticing: the module refuses, and says so.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

grep -q '\<sme\>' /proc/cpuinfo || skip "the CPU has no SME that this kernel knows"
modprobe kelevate 2>err && fail "the module loaded"
dmesg | tail -n 20 | grep 'kelevate: refused: sme: ' || fail "no reason in the kernel log"
status=0
symbiote check >said || status=$?
cat said
((status == 1)) || fail "symbiote check: status $status"
grep -q '^not ok   sme ' said || fail "symbiote check does not name it"
