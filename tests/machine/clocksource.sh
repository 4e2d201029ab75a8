#!/bin/bash
# The clock changes its source under symbiotes: some sources are read in user mode, others by calls.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

clock=/sys/devices/system/clocksource/clocksource0
was=$(<$clock/current_clocksource)
read -ra sources <$clock/available_clocksource
((${#sources[@]} > 1)) || skip "only one clock source: ${sources[*]}"
trap 'echo "$was" >$clock/current_clocksource' EXIT
"$helpers/symbiotes" 4 2 3 &
symbiotes=$!
changes=0
while kill -0 $symbiotes 2>/dev/null; do
	for source in "${sources[@]}"; do
		echo "$source" >$clock/current_clocksource
		[[ $(<$clock/current_clocksource) == "$source" ]] && changes=$((changes + 1))
		sleep 0.1
	done
done
wait $symbiotes || fail "symbiotes failed, status $?"
echo "# $changes changes between ${sources[*]}"
((changes > 10)) || fail "too few"
