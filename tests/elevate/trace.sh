#!/bin/bash
# The tracepoints of kelevate fire, and those of system calls see calls that go to the gate.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

tracing=/sys/kernel/tracing
[[ -w $tracing/tracing_on ]] || skip "no tracing"

# shellcheck disable=SC2317 # the trap calls it
stop() {
	echo 0 >$tracing/events/enable
	echo >$tracing/trace
	remove_helpers
}
trap stop EXIT

echo >$tracing/trace
echo 1 >$tracing/events/kelevate/enable
"$helpers/symbiotes" "${RIG_PATIENCE:-1}" 1 2 || fail "symbiotes"
"$RIG_BUILD/tests/elevate/gate_equals_call" || fail "gate_equals_call"
"$RIG_BUILD/tests/elevate/given_up" || fail "given_up" # which lowers
# a gate call that blocks, and so settles
"$RIG_BUILD/tests/elevate/proc_syscall" || fail "proc_syscall"
echo 0 >$tracing/events/kelevate/enable
for event in elevate lower settle fallback; do
	n=$(grep -c "kelevate_$event: " $tracing/trace) || fail "no kelevate_$event"
	echo "$n kelevate_$event"
done

# 150 calls, in a process, a thread and a child.
echo >$tracing/trace
echo 1 >$tracing/events/syscalls/sys_enter_pwrite64/enable
"$RIG_BUILD/tests/elevate/strace" calls || fail "calls"
echo 0 >$tracing/events/syscalls/sys_enter_pwrite64/enable
n=$(grep -c 'sys_pwrite64(' $tracing/trace || true)
((n == 150)) || fail "system call tracepoint saw $n calls of 150"

grep -q '^symbiotes ' /sys/kernel/debug/kelevate/totals || fail "no totals in debugfs"
