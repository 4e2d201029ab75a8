#!/bin/bash
# The core dump of an elevated thread: gdb opens it, and shows every thread as if in user mode.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type gdb >/dev/null 2>&1 || skip "no gdb"
pattern=$(</proc/sys/kernel/core_pattern)
echo core >/proc/sys/kernel/core_pattern
ulimit -c unlimited
status=0
"$helpers/crash" >said 2>&1 || status=$?
echo "$pattern" >/proc/sys/kernel/core_pattern
((status == 128 + 11)) || { cat said && fail "status $status, not SIGSEGV's"; }
core=$(echo core*)
[[ -s $core ]] || fail "no core dump"

if [[ $(uname -m) == x86_64 ]]; then
	one='^r12 +' two='^r13 +' vector='$xmm7.v2_double[0]' mode=cs user='^cs *0x33'
	flags='^eflags .* CF .*IF' instruction='mov.*\$0x1,\(%rax\)'
else
	one='^x20 +' two='^x21 +' vector='$d7.f' mode=cpsr user='^cpsr .*EL=0'
	flags='^cpsr ' instruction='str.*x20, \[x0\]'
fi
gdb -q -nx -batch -ex 'set pagination off' -ex 'info registers' -ex "p $vector" -ex 'x/i $pc' \
	-ex bt -ex 'thread 2' -ex "info registers $mode" -ex bt "$helpers/crash" "$core" >log 2>&1 ||
	{ cat log && fail "gdb failed"; }

# shows PATTERN...: each is a line of gdb's
shows() {
	local pattern
	for pattern; do
		grep -Eq -- "$pattern" log || { cat log && fail "gdb does not say $pattern"; }
	done
}
shows 'terminated with signal SIGSEGV' "${one}0x1111222233334444" "${two}0x5555666677778888" '= 1234\.5$' \
	"=> .*<crash_here.*$instruction" "$flags" '^#0 .*crash_here' '^#1 .* main '
(($(grep -c "$user" log) == 2)) || { cat log && fail "$mode is not user mode's"; }
# the other thread, from the gate call that it blocks in
shows '^#0 .*(gate_call|blocks)' '^#[12] .* from .*libc'
