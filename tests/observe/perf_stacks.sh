#!/bin/bash
# perf record -g: samples of elevated text and of gate calls have the user's whole chain of calls.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

type perf >/dev/null 2>&1 || skip "no perf"
perf record -q -e cpu-clock -F 1000 -g -o perf.data "$helpers/chain" 4 >log 2>&1 || {
	cat log
	fail "perf record or the symbiote failed"
}
perf script -i perf.data -F ip,sym 2>/dev/null >samples || fail "perf script failed"
# One line per sample: its chain, from the inside.
awk 'NF { chain = chain " " $2 } !NF { print chain; chain = "" } END { print chain }' samples | grep . >chains
# count NAME PATTERN RIGHT: samples with the pattern, and how many of them have the right chain.
count() {
	local n right
	n=$(grep -c -- "$2" chains || true)
	right=$(grep -- "$2" chains | grep -cE -- "$3" || true)
	echo "# $1: $n samples, $right with the right chain"
	((n > 100)) || fail "$1: only $n samples"
	# a sample may hit the prologue, where the frame is not there yet
	((right * 100 >= n * 95)) || {
		grep -- "$2" chains | grep -vE -- "$3" | sort | uniq -c | sort -rn | head
		fail "$1: the user's chain is wrong"
	}
}
count "elevated text" ' inner_text' ' inner_text middle outer main '
count "gate calls" ' kel_gate_call' ' kel_gate_call .*inner_call middle outer main '
