#!/bin/bash
# On a kernel newer than any that was tested, module and `symbiote check` warn, and programs are elevated. With the
# module and the command for trials, to which this kernel is such a one: tests/kmod/trial.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

# warned MODULE: what it warns of.
warned() {
	mark_log
	insmod "$1" || fail "$1 does not load"
	dmesg --level warn,notice,info | since_mark >all
	dmesg --level warn | grep -xFf all | grep 'kelevate: ' >warnings || true
	cat warnings
}

# this kernel: may itself be newer than any, when Debian was faster than we
warned "$RIG_MODULE"
if grep -q 'newer than any' warnings; then
	symbiote check | grep '^unknown  kernel  .*newer than any' || fail "symbiote check does not say so"
else
	symbiote check | grep '^ok       kernel  ' || fail "symbiote check: not ok"
fi
unload kelevate

warned "$RIG_BUILD/trial/kelevate.ko"
grep -q 'kelevate: this kernel is newer than any that was tested (4\.19)' warnings || fail "no warning"
"$RIG_BUILD/trial/tools/symbiote" check >said || { cat said && fail "symbiote check: status $?"; }
grep '^unknown  kernel  .*newer than any that was tested (4\.19)' said || { cat said && fail "symbiote check: no warning"; }
"$RIG_BUILD/trial/tools/symbiote" run --strict true || fail "symbiote run: status $?"
"$helpers/symbiotes" 0.5 2 2 || fail "symbiotes fail"
unload kelevate
