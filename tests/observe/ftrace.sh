#!/bin/bash
# The kernel's function tracers on what symbiotes call by the gate, and on the gate's own function, with
# and without the user's stack, switched on and off while they run.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

tracing=/sys/kernel/tracing
grep -qw function_graph $tracing/available_tracers 2>/dev/null || skip "no function tracer"
size=$(cut -d' ' -f1 $tracing/buffer_size_kb)
# shellcheck disable=SC2317 # the trap calls it
stop() {
	[[ ! $chain ]] || kill $chain 2>/dev/null || true
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
	echo 0 >$tracing/events/enable
	echo >$tracing/kprobe_events
	echo 0 >$tracing/options/userstacktrace
	echo 0 >$tracing/options/sym-userobj
	echo 0 >$tracing/options/func_stack_trace
	echo "$size" >$tracing/buffer_size_kb
	echo 1 >$tracing/tracing_on
}
trap stop EXIT

# 6.15: a FIFO's are others
pipe_read=$(first_symbol pipe_read anon_pipe_read)
pipe_write=$(first_symbol pipe_write anon_pipe_write)
chain=
# Little: reading it takes long.
echo 128 >$tracing/buffer_size_kb
for function in "$pipe_read" "$pipe_write" kel_gate_call; do
	echo "$function" >>$tracing/set_ftrace_filter 2>/dev/null || fail "$function cannot be traced"
done
"$helpers/symbiotes" 8 1 2 &
symbiotes=$!
"$helpers/chain" 1000 &
chain=$!
sleep 0.5

# trace TRACER PATTERN...: each is to be seen of chain, soon.
trace() {
	local tracer=$1 pattern n missing try
	shift
	for ((try = 0; try < 30; try++)); do
		echo 1 >$tracing/tracing_on
		echo "$tracer" >$tracing/current_tracer
		sleep 0.3
		echo 0 >$tracing/tracing_on
		cp $tracing/trace trace
		missing=
		for pattern; do
			n=$(grep -c -- "$pattern" trace) || missing=$pattern
			echo "$tracer: $n of $pattern"
		done
		[[ $missing ]] || return 0
	done
	head -n 30 trace
	fail "$tracer: no $missing"
}
for round in 1 2; do
	trace function "chain-.*: $pipe_write <-" 'chain-.*: kel_gate_call <-kel_gate'
	trace function_graph 'kel_gate_call.*{' "  $pipe_write.*();"
	[[ $round == 2 ]] || trace nop
done
echo 1 >$tracing/options/func_stack_trace
trace function ' => kel_gate_call'
echo 0 >$tracing/options/func_stack_trace
echo 1 >$tracing/options/userstacktrace
echo 1 >$tracing/options/sym-userobj
echo "p:kel_stack/entry $pipe_read" >>$tracing/kprobe_events
echo 1 >$tracing/events/kel_stack/enable
if [[ $(uname -m) == x86_64 ]]; then
	trace nop 'chain-.*<user stack trace>' '=> .*helpers/chain'
else
	trace nop "chain-.*entry: ($pipe_read"	# tracers follow no user stacks there
fi
wait $symbiotes || fail "symbiotes failed, status $?"
kill $chain || fail "chain is gone"
