#!/bin/bash
# Where interrupts are masked by priority, the module does not load, and says why.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

[[ $(uname -m) == aarch64 ]] || skip "pseudo-NMIs are arm64's"
dmesg | grep -q 'GICv3: Pseudo-NMIs enabled' || skip "the kernel has no pseudo-NMIs"
modprobe kelevate 2>err && fail "the module loaded"
dmesg | tail -n 20 | grep 'kelevate: refused: pseudo-nmi: ' || fail "no reason in the kernel log"
