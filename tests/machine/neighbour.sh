#!/bin/bash
# Another module hooks functions that symbiotes call by the gate, by kprobe, kretprobe, ftrace and live
# patch (where the kernel has these); it comes and goes while they run, spin and sleep in gate calls. The live
# patch gets through.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

patch=/sys/kernel/livepatch/neighbour
counters=/sys/module/neighbour/parameters

# transition STATE: until the patch is there (0) or gone.
transition() {
	local i under_way
	for ((i = 0; i < 120; i++)); do
		# the patch takes its directory along when it goes
		under_way=$(cat $patch/transition 2>/dev/null) || return 0
		[[ $under_way == 1 ]] || return 0
		sleep 0.1
	done
	for task in /proc/[1-9]*/task/*; do
		[[ $(cat "$task/patch_state") == "$1" ]] || { cat "$task/comm" "$task/stack"; echo; }
	done
	fail "round $round: the live patch is not $2 after 12 s"
}

"$helpers/spin" 0 $((300 * ${RIG_PATIENCE:-1})) >/dev/null &
spin=$!
coproc "$helpers/asleep"
asleep=$COPROC_PID
trap 'kill -KILL $spin $asleep; remove_helpers' EXIT
read -r -t 20 <&"${COPROC[0]}" || fail "asleep says nothing"
"$helpers/symbiotes" $((300 * ${RIG_PATIENCE:-1})) 1 3 &
symbiotes=$!
sleep 0.5
# load PARAMETER COUNTER...: each counts on.
load() {
	local counter i n
	insmod "$modules/neighbour.ko" "$1" || fail "the other module does not load"
	shift
	transition 1 "there"
	for counter; do
		for ((i = 0; i < 200; i++)); do
			n=$(<"$counters/$counter")
			((n <= 10)) || break
			sleep 0.1
		done
		echo "round $round: $counter $n times"
		((n > 10)) || fail "$counter only $n times"
	done
}
for round in 1 2; do
	load live=0 entered returned traced
	unload neighbour
	[[ -d /sys/kernel/livepatch ]] || continue
	load live=1 entered traced patched
	echo 0 >$patch/enabled
	transition 0 "gone"
	unload neighbour
done
kill -TERM $symbiotes
wait $symbiotes || fail "symbiotes failed, status $?"
kill -0 $spin || fail "the one that spins is gone"
kill -0 "$asleep" || fail "the one that sleeps is gone"
