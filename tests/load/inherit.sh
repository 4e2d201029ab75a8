#!/bin/bash
# A socket that was accepted while an elevated thread slept in a write to the listener (it was none
# then), or tried to read and write it, has nothing of the module in it: it works when the module has gone.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

for what in asleep busy; do
	insmod "$RIG_MODULE"
	"$helpers/inherit" $what >output &
	status=0
	wait $! || status=$?
	((status == 0 || status == 77)) || { cat output && fail "$what: the symbiote fails"; }
	unload kelevate
	((status != 77)) || continue
	for ((try = 0; ; try++)); do
		grep -qx alive output && break
		((try < 100)) || { cat output && fail "$what: the process with the socket does not end"; }
		sleep 0.1
	done
done
