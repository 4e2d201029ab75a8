#!/bin/bash
# Huge pages of symbiotes' data and text are split, and made again, while they use them.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

thp=/sys/kernel/mm/transparent_hugepage
[[ -w $thp/enabled ]] || skip "no transparent huge pages"
split=/sys/kernel/debug/split_huge_pages
[[ -w $split ]] || skip "no split_huge_pages in debugfs"
declare -A was
for name in enabled khugepaged/scan_sleep_millisecs khugepaged/alloc_sleep_millisecs khugepaged/pages_to_scan; do
	was[$name]=$(sed 's/.*\[\(.*\)\].*/\1/' $thp/$name)
done
# shellcheck disable=SC2317 # the trap calls it
stop() {
	for name in "${!was[@]}"; do
		echo "${was[$name]}" >"$thp/$name"
	done
}
trap stop EXIT
echo madvise >$thp/enabled
echo 10 >$thp/khugepaged/scan_sleep_millisecs
echo 10 >$thp/khugepaged/alloc_sleep_millisecs
echo 4096 >$thp/khugepaged/pages_to_scan

vmstat() { sed -n "s/^$1 //p" /proc/vmstat; }
split_before=$(vmstat thp_split_page) collapsed_before=$(vmstat thp_collapse_alloc)
n=0 collapsed=0 end=$((SECONDS + 6))
"$helpers/keeper" 250 3 16 collapse &
keeper=$!
while ((SECONDS < end || n <= 20 || collapsed <= 10)) && kill -0 $keeper 2>/dev/null; do
	echo 1 >$split
	sleep 0.1
	n=$(($(vmstat thp_split_page) - split_before))
	collapsed=$(($(vmstat thp_collapse_alloc) - collapsed_before))
done
kill -TERM $keeper || fail "keeper ended early"
wait $keeper || fail "keeper failed, status $?"
echo "# $n huge pages split, $collapsed made"
((n > 20 && collapsed > 10)) || fail "too few"
