#!/bin/bash
# NMIs in whose handler pages fault hit symbiotes everywhere: text, stubs and gate.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

(($(nproc) > 1)) || skip "needs a second CPU to send NMIs"
helper_module nmi interval=100
"$helpers/symbiotes" 8 2 3 || fail "symbiotes failed, status $?"
counters=/sys/module/nmi/parameters
sent=$(<$counters/sent)
handled=$(<$counters/handled)
faults=$(<$counters/faults)
echo "$sent NMIs sent, $handled handled, $faults faults in them"
((handled > 100 && faults > 100)) || fail "too few"
