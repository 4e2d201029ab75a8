#!/bin/bash
# The kernel freezes all processes as it does before it suspends the machine (and lets them go on, a
# rehearsal), while symbiotes run and sleep in gate calls.
# Not further: the guest's files come by virtio-9p, which does not live through suspended devices.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

[[ -w /sys/power/pm_test ]] || skip "the kernel cannot rehearse suspension"
delay=/sys/module/suspend/parameters/pm_test_delay
was=$(<$delay)
trap 'echo none >/sys/power/pm_test; echo "$was" >$delay' EXIT
echo 0 >$delay
echo freezer >/sys/power/pm_test

# Not by way of the host's files: who waits for these cannot be frozen.
cp "$helpers/spin" "$helpers/symbiotes" .
./spin 0 1000 >/dev/null &
spin=$!
./symbiotes 5 1 3 &
symbiotes=$!
sleep 0.5
for round in {1..5}; do
	for state in freeze mem; do
		echo $state >/sys/power/state || fail "round $round: $state failed"
		kill -0 $spin || fail "round $round: a symbiote is gone"
	done
	sleep 0.2
done
kill $spin
status=0
wait $spin || status=$?
((status == 143)) || fail "spin's status $status"
wait $symbiotes || fail "symbiotes failed, status $?"
