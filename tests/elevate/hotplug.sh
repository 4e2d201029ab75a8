#!/bin/bash
# CPUs go off and come back, as fast as they can, while symbiotes run on all of them.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

# Without any module, programs that fork and choose their CPU are enough: BUG in sched_cpu_dying().
[[ $(uname -r) != 5.10.*-rt-* ]] || skip "5.10's real-time kernel dies of it by itself"

cpus=()
for online in /sys/devices/system/cpu/cpu[1-9]*/online; do
	[[ -w $online ]] && cpus+=("$online")
done
((${#cpus[@]})) || skip "no CPU that can be switched off"

"$helpers/symbiotes" 110 2 4 &
symbiotes=$!
rounds=0
end=$((SECONDS + 10))
while ((SECONDS < end || (rounds <= 5 && SECONDS < end + 80))); do
	for cpu in "${cpus[@]}"; do
		echo 0 >"$cpu" && echo 1 >"$cpu" && rounds=$((rounds + 1))
	done
done
kill -TERM "$symbiotes"
wait "$symbiotes" || fail "symbiotes failed, status $?"
echo "$rounds times off and on"
((rounds > 5)) || fail "only $rounds times"
