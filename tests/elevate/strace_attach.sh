#!/bin/bash
# strace attaches to symbiotes at work, sees their calls, and leaves; they go on.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type strace >/dev/null 2>&1 || skip "no strace"
"$helpers/symbiotes" $((12 * ${RIG_PATIENCE:-1})) 1 2 &
symbiotes=$!
sleep 0.5
# Its one child is the process that works.
pid=$(pgrep -P "$symbiotes" | head -n 1)
for round in 1 2 3; do
	timeout -s INT 1 strace -f -o "log.$round" -p "$pid" 2>err || true
	calls=$(grep -c 'read(\|write(\|gettid(' "log.$round" || true)
	echo "round $round: $calls calls"
	((calls > 5)) || { cat err && fail "strace saw $calls calls"; }
	sleep 0.2
done
wait "$symbiotes" || fail "symbiotes failed, status $?"
