#!/bin/bash
# strace attaches to symbiotes in mid-flight, sees every call from then on, and leaves; they go on. Calls
# that are numbered have no hole; who slept in a gate call is seen to make it; processes come and go.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type strace >/dev/null 2>&1 || skip "no strace"
threads=3
"$helpers/numbered" $threads &
numbered=$!
"$helpers/symbiotes" $((1000 * ${RIG_PATIENCE:-1})) 1 2 &
symbiotes=$!
asleep=
trap 'kill -KILL $numbered $asleep 2>/dev/null || true; kill -TERM $symbiotes 2>/dev/null || true' EXIT
started() {
	# Its one child is the process that works.
	works=$(pgrep -P "$symbiotes" | head -n 1)
	tasks=(/proc/"$numbered"/task/*)
	[[ $works ]] && ((${#tasks[@]} > threads))
}
until_true "they do not start" started
# Who makes numbered calls: others' first arguments may be as high (wait4's is a process).
counting=${tasks[*]##*/}

# report LOG: "missing ..." for what has not been seen yet, "hole ..." for a number that is missing between two, and
# "TID FIRST LAST COUNT" of each thread that makes numbered calls. (One program: the symbiotes leave little time.)
report() {
	awk -v threads=$threads -v counting="$counting" '
		BEGIN { for (i = split(counting, part); i; i--) counts[part[i]] = 1 }
		NR == FNR { sleeper[$1] = $3; sub(/epoll_/, "epoll_p?", sleeper[$1]); next }
		{
			split($2, part, "(")
			n = part[2] ~ /^[0-9]+,$/ ? part[2] + 0 : -1
		}
		$1 in sleeper && part[1] ~ "^(" sleeper[$1] "|restart_syscall)$" { awake[$1] = 1 }
		!($1 in sleeper) && part[1] ~ /^(read|write)$/ && n >= 0 && n < 10000 { others++ }
		$1 in counts && n >= 10000 {
			if (!($1 in last))
				first[$1] = n
			else if (n != last[$1] + 1)
				print "hole: thread", $1, "from", last[$1], "to", n
			last[$1] = n
			seen[$1]++
		}
		END {
			for (tid in seen) {
				print tid, first[tid], last[tid], seen[tid]
				enough += seen[tid] >= 200
			}
			if (enough < threads)
				print "missing: numbered calls of", threads - enough, "threads"
			if (others < 20)
				print "missing: calls of processes that come and go"
			for (tid in sleeper)
				if (!(tid in awake))
					print "missing: " sleeper[tid] ", of a thread asleep"
		}' sleepers "$1"
}

for round in 1 2 3; do
	: >sleepers
	"$helpers/asleep" >sleepers &
	asleep=$!
	until_true "asleep says nothing" test -s sleepers
	mapfile -t stacks < <(awk -v pid="$asleep" '{ print "/proc/" pid "/task/" $1 "/stack" }' sleepers)
	(($(grep -l '\<kel_gate_call\>' "${stacks[@]}" | wc -l) == ${#stacks[@]})) || fail "not all sleep in the gate"

	log=log.$round
	: >"$log"
	strace -f -o "$log" -p $numbered -p "$asleep" -p "$works" 2>err &
	strace=$!
	for ((i = 0; i < 60 * ${RIG_PATIENCE:-1}; i++)); do
		sleep 1
		report "$log" | grep -q '^missing' || break
	done
	kill -TERM $strace
	wait $strace || true
	report "$log" >counted
	echo "round $round, $(wc -l <"$log") lines:"
	cat counted
	! grep '^missing\|^hole' counted || { cat err && fail "strace did not see all"; }
	kill -0 "$asleep" || fail "the one that sleeps is gone"
	kill -KILL "$asleep"
	wait "$asleep" 2>/dev/null || true
	sleep 0.2
done
kill -TERM $numbered
wait $numbered || fail "what makes numbered calls failed, status $?"
kill -TERM "$symbiotes"
wait "$symbiotes" || fail "symbiotes failed, status $?"
