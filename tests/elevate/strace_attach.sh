#!/bin/bash
# strace attaches to symbiotes at work, sees their calls, and leaves; they go on.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type strace >/dev/null 2>&1 || skip "no strace"
"$helpers/symbiotes" 1000 1 2 &
symbiotes=$!
trap 'kill -TERM $symbiotes 2>/dev/null || true' EXIT
sleep 0.5
# Its one child is the process that works.
pid=$(pgrep -P "$symbiotes" | head -n 1)
count_calls() { grep -c 'read(\|write(\|gettid(' "$1" || true; }
for round in 1 2 3; do
	: >"log.$round"
	strace -f -o "log.$round" -p "$pid" 2>err &
	strace=$!
	for ((i = 0; i < 30; i++)); do
		sleep 1
		(($(count_calls "log.$round") <= 20)) || break
	done
	kill -TERM $strace
	wait $strace || true
	calls=$(count_calls "log.$round")
	echo "round $round: $calls calls"
	((calls > 20)) || { cat err && fail "strace saw $calls calls"; }
	sleep 0.2
done
kill -TERM "$symbiotes"
wait "$symbiotes" || fail "symbiotes failed, status $?"
