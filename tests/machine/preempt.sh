#!/bin/bash
# The preemption model that the kernel was booted with (preempt=) is in effect, and symbiotes live under it. A kernel
# without that model, or without a choice, says so.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

wanted=$(grep -oE '\bpreempt=[a-z]+' /proc/cmdline | cut -d= -f2) || true
[[ $wanted ]] || skip "booted without preempt="
[[ -r /sys/kernel/debug/sched/preempt ]] || skip "this kernel has no choice of models"
models=$(</sys/kernel/debug/sched/preempt)
echo "# $models"
[[ " $models " == *[\ \(]${wanted}[\ \)]* ]] || skip "this kernel has no model $wanted: $models"
[[ $models == *"($wanted)"* ]] || fail "not in effect: $models"
"$helpers/symbiotes" 5 2 3 || fail "symbiotes failed, status $?"
