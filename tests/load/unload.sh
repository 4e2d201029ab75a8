#!/bin/bash
# The module leaves no trace: IDT, IST slots, system call table and CR4 of every CPU (on arm64 vectors,
# probed functions, control registers) are, after unload, as before load; what is in place for symbiotes only
# also while it is loaded and nobody elevated. No unload while a symbiote lives.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

# snapshot NAME [SED EXPRESSION]
snapshot() { sed "${2:-}" /proc/kel_snapshot >"$1"; }

same() { diff "$1" "$2" >changes || { head -n 20 changes && fail "$1 and $2 differ: $3"; }; }

# The machinery goes a moment after the last symbiote.
settled() {
	local i
	for ((i = 0; i < 100; i++)); do
		snapshot "$1"
		grep "$machinery" "$1" >"$1.cpu"
		cmp -s before.cpu "$1.cpu" && return
		sleep 0.05
	done
	same before.cpu "$1.cpu" "$2"
}

helper_module snapshot
snapshot before
machinery='^idt\|^cpu\|^ist\|^fault'
grep "$machinery" before >before.cpu
hooks=(kprobe auto)
grep -qw x64_sys_call /proc/kallsyms || hooks+=(table)
for hook in "${hooks[@]}"; do
	insmod "$RIG_MODULE" hook="$hook" || fail "hook=$hook does not load"
	settled loaded "after load with hook=$hook"
	[[ $(wc -l <before) == $(wc -l <loaded) ]] || fail "incomplete"

	insmod "$RIG_MODULE" 2>/dev/null && fail "a second time"
	settled loaded "after a second load that failed"

	coproc "$helpers/spin" 1 60
	pid=$COPROC_PID
	read -r line <&"${COPROC[0]}"
	[[ $line == elevated ]] || fail "$line"
	snapshot alive
	if grep '^idt\|^fault' alive | cmp -s - <(grep '^idt\|^fault' before); then
		fail "the machinery is not in place while a symbiote lives"
	fi
	rmmod kelevate 2>rmmod.err && fail "unloaded while a symbiote lives"
	grep -qi 'in use' rmmod.err || fail "rmmod says: $(cat rmmod.err)"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	settled loaded "after the last symbiote, hook=$hook"

	for ((i = 0; i < 5; i++)); do
		"$helpers/symbiotes" 0.3 1 2 || fail "symbiotes"
		settled loaded "after symbiotes, hook=$hook"
	done
	rmmod kelevate || fail "does not unload"
	snapshot after
	same before after "load and unload with hook=$hook"
	[[ ! -e /sys/module/kelevate ]] || fail "still there"
done
for ((i = 0; i < 10; i++)); do
	insmod "$RIG_MODULE"
	"$helpers/symbiotes" 0.2 2 2 || fail "symbiotes, round $i"
	unload kelevate
done
snapshot after
same before after "10 rounds"
