#!/bin/bash
# Pages of symbiotes, text among them, are merged by KSM and come apart again while they use them.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

ksm=/sys/kernel/mm/ksm
[[ -w $ksm/run ]] || skip "no KSM"
declare -A was
for name in sleep_millisecs pages_to_scan; do
	was[$name]=$(<$ksm/$name)
done
# shellcheck disable=SC2317 # the trap calls it
stop() {
	echo 2 >$ksm/run
	echo 0 >$ksm/run
	for name in "${!was[@]}"; do
		echo "${was[$name]}" >"$ksm/$name"
	done
}
trap stop EXIT
# it has a lock, which whoever stops it waits for: without a pause, for long
echo 10 >$ksm/sleep_millisecs
echo 2000 >$ksm/pages_to_scan
echo 1 >$ksm/run
most=0 unmerged=0
"$helpers/keeper" 250 3 6 merge &
keeper=$!
for ((i = 0; i < 1000; i++)); do
	sleep 0.2
	kill -0 $keeper 2>/dev/null || break
	n=$(<$ksm/pages_sharing)
	((n <= most)) || most=$n
	if ((n > 500)); then
		# all of them at once
		echo 2 >$ksm/run
		unmerged=$((unmerged + 1))
		echo 1 >$ksm/run
	fi
	# 5.10 takes ten seconds for each time
	(((i < 30 && SECONDS < 30) || unmerged <= 1)) || break
done
kill -TERM $keeper || fail "keeper ended early"
wait $keeper || fail "keeper failed, status $?"
echo "# up to $most pages merged, $unmerged times all taken apart"
((most > 500 && unmerged > 1)) || fail "too few"
