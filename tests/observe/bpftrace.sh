#!/bin/bash
# bpftrace on what symbiotes call by the gate: kprobes, kretprobes and a tracepoint count, with the
# user's stack; a uprobe in their text as well. They go on.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

type bpftrace >/dev/null 2>&1 || skip "no bpftrace"
# bullseye's wants the kernel's headers for those
tracepoint='tracepoint:sched:sched_switch'
timeout 250 bpftrace -e "$tracepoint { exit(); }" >out 2>&1 || { echo "# no tracepoints: $(tail -n 1 out)" && tracepoint=; }
"$helpers/chain" 1000 &
chain=$!
"$helpers/symbiotes" 20 1 2 &
symbiotes=$!
trap 'kill $chain 2>/dev/null || true' EXIT
sleep 1
# pipes by another name from 6.15 on
anon=
! grep -q ' anon_pipe_read$' /proc/kallsyms || anon=anon_
timeout 250 bpftrace -e '
	kprobe:'$anon'pipe_write /comm == "chain"/ { @calls = count(); @stacks[ustack(perf, 8)] = count(); }
	kretprobe:'$anon'pipe_read /comm == "chain" && retval == 4096/ { @returns = count(); }
	'"${tracepoint:+$tracepoint /pid == $chain/ { @switches = count(); \}}"'
	uprobe:'"$helpers/chain"':middle { @passes = count(); }
	interval:s:3 { exit(); }' >out 2>err || { cat err && fail "bpftrace failed"; }
grep -v '^$' out | head -n 40
for counter in calls returns passes; do
	n=$(sed -n "s/^@$counter: //p" out)
	((${n:-0} > 10)) || { cat err && fail "@$counter: ${n:-nothing}"; }
	echo "# $counter: $n"
done
# inner_call, middle, outer, main, from the inside
awk '/@stacks/ { on = 1 } on' out | tr -s ' \n' ' ' >stacks
grep -q 'inner_call+[0-9]* .*middle+[0-9]* .*outer+[0-9]* .*main+' stacks || fail "no such stack: $(cat stacks)"
kill -0 $chain || fail "chain is gone"
wait $symbiotes || fail "symbiotes failed, status $?"
