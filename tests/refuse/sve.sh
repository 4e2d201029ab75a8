#!/bin/bash
# Without its use being noticed, a CPU's SVE state would be lost: the module refuses, and says so.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

grep -q '\<sve\>' /proc/cpuinfo || skip "the CPU has no SVE"
modprobe kelevate 2>err && fail "the module loaded"
dmesg | tail -n 20 | grep 'kelevate: refused: sve: ' || fail "no reason in the kernel log"
status=0
symbiote check >said || status=$?
cat said
((status == 1)) || fail "symbiote check: status $status"
grep -q '^not ok   sve ' said || fail "symbiote check does not name it"
