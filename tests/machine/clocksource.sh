#!/bin/bash
# The clock changes its source under symbiotes: some sources are read in user mode, others by calls. They check
# that it never goes backward, and that a gate call that sleeps does not end too early.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

clock=/sys/devices/system/clocksource/clocksource0
was=$(<$clock/current_clocksource)
read -ra sources <$clock/available_clocksource
((${#sources[@]} > 1)) || skip "only one clock source: ${sources[*]}"
trap 'echo "$was" >$clock/current_clocksource' EXIT
"$helpers/symbiotes" 250 2 3 &
symbiotes=$!
changes=0 end=$((SECONDS + 4))
while ((SECONDS < end || changes <= 10)) && kill -0 $symbiotes 2>/dev/null; do
	for source in "${sources[@]}"; do
		echo "$source" >$clock/current_clocksource
		[[ $(<$clock/current_clocksource) == "$source" ]] && changes=$((changes + 1))
		sleep 0.1
	done
done
kill -TERM $symbiotes || fail "symbiotes ended early"
wait $symbiotes || fail "symbiotes failed, status $?"
echo "# $changes changes between ${sources[*]}"
((changes > 10)) || fail "too few"
