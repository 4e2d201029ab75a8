#!/bin/bash
# A control group of symbiotes is frozen and thawed, again and again: frozen, none of them runs, be it
# in elevated text or asleep in a gate call; and all of it is killed at once.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

group=/sys/fs/cgroup/kel_freeze
mkdir $group || skip "no cgroup2 at /sys/fs/cgroup"
trap 'remove_cgroup $group' EXIT

# until KEY VALUE: of cgroup.events
until_event() {
	local i
	for ((i = 0; i < 200; i++)); do
		grep -qx "$1 $2" $group/cgroup.events && return
		sleep 0.02
	done
	fail "round $round: not '$1 $2' after 4 s: $(cat $group/cgroup.events)"
}
used() { sed -n 's/^usage_usec //p' $group/cpu.stat; }

round=0
sh -c "echo \$\$ >$group/cgroup.procs; exec '$helpers/symbiotes' 6 2 3" &
symbiotes=$!
sh -c "echo \$\$ >$group/cgroup.procs; exec '$helpers/spin' 0 1000" >/dev/null &
spin=$!
until_event populated 1
sleep 0.5
for round in {1..10}; do
	echo 1 >$group/cgroup.freeze
	until_event frozen 1
	before=$(used)
	sleep 0.1
	after=$(used)
	((after == before)) || fail "round $round: frozen, and ran $((after - before)) µs"
	echo 0 >$group/cgroup.freeze
	until_event frozen 0
	sleep 0.1
	((round % 5)) || (($(used) > after)) || fail "round $round: thawed, and does not run"
done
wait $symbiotes || fail "symbiotes failed, status $?"

# A frozen one is killed as well.
echo 1 >$group/cgroup.freeze
until_event frozen 1
kill_cgroup $group
until_event populated 0
status=0
wait $spin || status=$?
((status == 137)) || fail "spin's status $status"
