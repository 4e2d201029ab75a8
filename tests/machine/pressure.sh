#!/bin/bash
# Symbiotes whose memory is swapped out and in, and moved by compaction, while they use it.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

group=/sys/fs/cgroup/kel_pressure
modprobe zram 2>/dev/null || skip "no zram"
if ! echo +memory >/sys/fs/cgroup/cgroup.subtree_control || ! mkdir $group; then
	skip "no memory control group"
fi
disk=/dev/zram$(cat /sys/class/zram-control/hot_add)
# shellcheck disable=SC2317 # the trap calls it
stop() {
	remove_cgroup $group
	swapoff "$disk"
	echo "${disk#/dev/zram}" >/sys/class/zram-control/hot_remove
}
trap stop EXIT
echo 256M >"/sys/block/${disk#/dev/}/disksize"
mkswap "$disk" >/dev/null
swapon "$disk" || fail "no swap"
echo 24M >$group/memory.high
echo 200M >$group/memory.max

vmstat() { sed -n "s/^$1 //p" /proc/vmstat; }
out_before=$(vmstat pswpout) in_before=$(vmstat pswpin) moved_before=$(vmstat pgmigrate_success)
out=0 in=0 moved=0 end=$((SECONDS + 8))
sh -c "echo \$\$ >$group/cgroup.procs; exec '$helpers/keeper' 250 3 12 pageout" &
keeper=$!
while ((SECONDS < end || out <= 1000 || in <= 1000 || moved <= 100)) && kill -0 $keeper 2>/dev/null; do
	echo 1 >/proc/sys/vm/compact_memory
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.2
	out=$(($(vmstat pswpout) - out_before)) in=$(($(vmstat pswpin) - in_before))
	moved=$(($(vmstat pgmigrate_success) - moved_before))
done
kill -TERM $keeper || fail "keeper ended early"
wait $keeper || fail "keeper failed, status $?"
echo "# $out pages swapped out, $in in, $moved moved"
((out > 1000 && in > 1000 && moved > 100)) || fail "too few"
