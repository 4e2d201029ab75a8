#!/bin/bash
# What the gate calls finds the CPU as kernel code has to have it: stack, current, PAN, interrupts, keys.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

[[ $(uname -m) == aarch64 ]] || skip "the helper module is arm64's"
helper_module kstate
"$helpers/kstate" || fail "kstate failed, status $?"
