#!/bin/bash
# Kernel probes in functions that the gate calls, by breakpoint and by ftrace, hit and harm nobody.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

tracing=/sys/kernel/tracing
function=$(first_symbol pipe_read anon_pipe_read)
[[ -w $tracing/kprobe_events ]] || skip "no kprobes"

# shellcheck disable=SC2317 # the trap calls it
stop() {
	echo 0 >$tracing/events/kel_test/enable || true
	echo >$tracing/kprobe_events
	echo >$tracing/trace
}
trap stop EXIT

echo "p:kel_test/entry $function" >>$tracing/kprobe_events
# The first boundary of an instruction behind what ftrace patches: a breakpoint.
for ((offset = 9; offset < 30; offset++)); do
	echo "p:kel_test/inside $function+$offset" 2>/dev/null >>$tracing/kprobe_events && break
done
((offset < 30)) || fail "no probe inside $function"
echo "r:kel_test/return $function" >>$tracing/kprobe_events
echo 1 >$tracing/events/kel_test/enable
"$helpers/symbiotes" 3 2 2 || fail "symbiotes failed, status $?"
echo 0 >$tracing/events/kel_test/enable
cat $tracing/kprobe_profile
for probe in entry inside return; do
	hits=$(awk -v probe=$probe '$1 == probe { print $2 }' $tracing/kprobe_profile)
	((hits > 100)) || fail "$probe: ${hits:-0} hits"
done
