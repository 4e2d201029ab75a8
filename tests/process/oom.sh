#!/bin/bash
# Symbiotes that run out of their control group's memory are killed, by elevated stores and within gate
# calls, alone and with their group; others go on, and nothing of them is left.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

group=/sys/fs/cgroup/kel_oom
if ! echo +memory >/sys/fs/cgroup/cgroup.subtree_control || ! mkdir $group; then
	skip "no memory control group"
fi
trap 'remove_cgroup $group' EXIT
echo 32M >$group/memory.max
echo 0 >$group/memory.swap.max 2>/dev/null || true
kills() { sed -n 's/^oom_kill //p' $group/memory.events; }
references() { cat /sys/module/kelevate/refcnt; }

"$helpers/symbiotes" 8 1 2 &
bystanders=$!
for how in stores calls threads; do
	for all in 0 1; do
		echo $all >$group/memory.oom.group
		before=$(kills)
		status=0
		sh -c "echo \$\$ >$group/cgroup.procs; exec '$helpers/hog' $how" || status=$?
		((status == 137)) || fail "$how: status $status"
		# its child was spared
		[[ $how$all != threads0 ]] || kill_cgroup $group
		for ((i = 0; i < 50; i++)); do
			(($(kills) > before)) && ! grep -q . $group/cgroup.procs && break
			sleep 0.1
		done
		(($(kills) > before)) || fail "$how: not killed for memory: $(cat $group/memory.events)"
		! grep -q . $group/cgroup.procs || fail "$how: processes are left"
	done
	echo "$how: $(kills) killed"
done
wait $bystanders || fail "symbiotes failed, status $?"
for ((i = 0; i < 50; i++)); do
	[[ $(references) == 0 ]] && break
	sleep 0.1
done
[[ $(references) == 0 ]] || fail "the module is still held $(references) times"
