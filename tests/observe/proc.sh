#!/bin/bash
# What /proc tells of threads that sleep in gate calls, and of one that runs elevated: the call, where
# in the kernel it waits, its state, as of one that made a system call; and no kernel address to another user.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

# each: /proc/PID/stack of a call asleep
# (pipes by another name from 6.15 on)
declare -A waits=([read]='\(anon_\)\?pipe_read' [recvfrom]=unix_stream_read_generic [accept4]=inet_csk_accept
	[poll]=do_sys_poll [epoll_wait]=do_epoll_wait [write]='\(anon_\)\?pipe_write')

[[ $(uname -m) == x86_64 ]] || unset 'waits[poll]'
mkfifo plain_says says
"$helpers/asleep" plain >plain_says &
plain=$!
exec {plain_out}<plain_says
coproc "$helpers/asleep"
asleep=$COPROC_PID
"$helpers/spin" 0 1000 >says &
spin=$!
trap 'kill -KILL $asleep $spin $plain || true' EXIT
for ((i = 0; i < ${#waits[@]}; i++)); do
	read -r -t 20 tid nr name <&"${COPROC[0]}" || fail "it says nothing"
	read -r -t 20 plain_tid _ plain_name <&"$plain_out" || fail "the plain one says nothing"
	[[ $plain_name == "$name" ]] || fail "the plain one says $plain_name"
	task=/proc/$asleep/task/$tid plain_task=/proc/$plain/task/$plain_tid
	[[ $(cut -d' ' -f1 "$task/syscall") == "$nr" ]] || fail "$name: syscall says $(cat "$task/syscall")"
	grep -q "^State:	S" "$task/status" || fail "$name: $(grep State "$task/status")"
	grep -q "\<${waits[$name]}\>" "$task/stack" || fail "$name: stack says $(cat "$task/stack")"
	grep -q '\<kel_gate_call\>' "$task/stack" || fail "$name: no gate in the stack: $(cat "$task/stack")"
	# nothing between the gate and the user's text
	tail -n 1 "$task/stack" | grep -q '\<kel_gate\|\<kel_soft_start\|\<el0t_64_sync\|\<el0_sync' || fail "$name: stack ends in $(tail -n 1 "$task/stack")"
	! grep '\<kel_' "$plain_task/stack" || fail "$name: the plain one is in the gate"
	# before 5.16, x86 kernels without frame pointers say 0 of everybody
	[[ $(<"$task/wchan") == "$(<"$plain_task/wchan")" ]] ||
		fail "$name: wchan says $(<"$task/wchan"), of a system call $(<"$plain_task/wchan")"
	echo "$name: $(<"$task/wchan"), $(wc -l <"$task/stack") functions"
	# another user, also of the same process: it holds a capability
	for file in syscall stack; do
		if setpriv --reuid 65534 --regid 65534 --clear-groups cat "$task/$file" >seen 2>/dev/null; then
			fail "another user reads $file: $(cat seen)"
		fi
	done
done

read -r -t 20 line <says || fail "spin says nothing"
[[ $line == elevated ]] || fail "spin says $line"
task=/proc/$spin/task/$spin
running=0
for ((i = 0; i < 60; i++)); do
	cat "$task/stack" "$task/wchan" "$task/status" >/dev/null
	[[ $(<"$task/syscall") == running ]] && running=$((running + 1))
done
echo "running: $running of 60 times"
((running > 45)) || fail "the elevated thread is seen running only $running of 60 times"
grep -q "^State:	R" "$task/status" || fail "$(grep State "$task/status")"
before=$(cut -d' ' -f14 "$task/stat") system=$(cut -d' ' -f15 "$task/stat")
sleep 1
echo "CPU time: user $(($(cut -d' ' -f14 "$task/stat") - before)), system $(($(cut -d' ' -f15 "$task/stat") - system)) ticks"
(($(cut -d' ' -f14 "$task/stat") - before > 30)) || fail "elevated text is not accounted as the user's"
