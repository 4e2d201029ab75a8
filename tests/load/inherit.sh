#!/bin/bash
# A socket that was accepted while an elevated thread slept in a write to the listener (it was none
# then) has nothing of the module in it: it works when the module has gone.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

insmod "$RIG_MODULE"
"$helpers/inherit" >output &
wait $! || { cat output && fail "the symbiote fails"; }
for ((try = 0; ; try++)); do
	rmmod kelevate 2>/dev/null && break
	((try < 50)) || fail "cannot be unloaded"
	sleep 0.1
done
for ((try = 0; try < 100; try++)); do
	grep -qx alive output && exit
	sleep 0.1
done
cat output
fail "the process with the socket does not end"
