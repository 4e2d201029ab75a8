#!/bin/bash
# gdb attaches to an elevated thread, sees user mode registers, steps, breaks, and lets it go.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type gdb >/dev/null 2>&1 || skip "no gdb"
case $(uname -m) in
x86_64) register=cs user='^cs *0x33' ;;
*) register=cpsr user='^cpsr .*EL=0' ;;
esac
"$helpers/spin" 0 1000 >said &
spin=$!
until_true "spin says nothing" test -s said
gdb -q -nx -batch -p "$spin" -ex 'set pagination off' -ex "info registers $register" -ex 'stepi 20' -ex 'bt 3' \
	-ex 'break kel_now' -ex 'continue' -ex 'bt 2' -ex "info registers $register" -ex 'delete' -ex 'detach' \
	>log 2>&1 || { cat log && fail "gdb failed"; }
cat log
(($(grep -c "$user" log) == 2)) || fail "$register is not user mode's"
grep -q 'Breakpoint 1[.0-9]*, .*kel_now' log || fail "the breakpoint was not reached"
kill -0 "$spin" || fail "the symbiote is gone"
kill -USR1 "$spin"
wait "$spin" || fail "the symbiote's status $?"
