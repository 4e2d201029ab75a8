#!/bin/bash
# NMIs in whose handler pages fault hit symbiotes everywhere: text, stubs and gate; and the kernel where only they should be.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

(($(nproc) > 1)) || skip "needs a second CPU to send NMIs"
helper_module nmi interval=20
"$RIG_BUILD/tests/elevate/redzone" &
redzone=$!
"$helpers/low_call" 3 || fail "low_call failed, status $?"
patience=${RIG_PATIENCE:-1}
"$helpers/symbiotes" $((110 * patience)) 2 3 &
symbiotes=$!
counters=/sys/module/nmi/parameters
for ((i = 0; i < 90 * patience; i++)); do
	sleep 1
	((i < 7 || $(<$counters/in_stubs) <= 10)) || break
done
kill -TERM $symbiotes
wait $symbiotes || fail "symbiotes failed, status $?"
wait "$redzone" || fail "redzone failed, status $?"
sent=$(<$counters/sent)
handled=$(<$counters/handled)
faults=$(<$counters/faults)
in_stubs=$(<$counters/in_stubs)
echo "$sent NMIs sent, $handled handled, $in_stubs in entry stubs, $faults faults in them"
((handled > 100 && faults > 100 && in_stubs > 10)) || fail "too few"
