#!/bin/bash
# An SError (here a corrected memory error) that hits elevated text is the kernel's, as in user mode; the thread
# goes on. It is injected from EL2, which has to be free for that.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

[[ $(uname -m) == aarch64 ]] || skip "SErrors are arm64's"
grep -q 'kvm-arm.mode=none' /proc/cmdline || skip "needs a kernel at EL1 with EL2 free: kvm-arm.mode=none id_aa64mmfr1.vh=0"
dmesg | grep -q 'All CPU(s) started at EL2' || skip "EL2 is not there"
# 5.12 and later go down to EL1 when they are told to
! dmesg | grep -q 'detected: Virtualization Host Extensions' || skip "the kernel stays at EL2: it does not know id_aa64mmfr1.vh=0"
insmod "$modules/serror.ko"	# and stays
"$helpers/serror" || fail "serror failed, status $?"
