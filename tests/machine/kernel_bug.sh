#!/bin/bash
# The kernel itself calls a function that is nowhere: while symbiotes run it notices as it does without them, and takes nobody's
# elevated text for it.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

[[ $(uname -m) == x86_64 ]] || skip "elevated text and the kernel have entries of their own on this architecture"
# noticed TEXT
noticed() {
	insmod "$modules/null_call.ko" || fail "$1: status $?, the kernel did not notice"
	[[ $(</sys/module/null_call/parameters/seen) == 1 ]] || fail "$1: the kernel noticed something else"
	rmmod null_call
}
noticed "without symbiotes"
"$helpers/symbiotes" 100 1 3 &
symbiotes=$!
sleep 0.5
for i in {1..10}; do
	noticed "with symbiotes, $i"
done
kill -TERM $symbiotes
wait $symbiotes || fail "symbiotes failed, status $?"
