#!/bin/bash
# Who is not granted runs the program as it is, and is told why.
set -u

library=${SYMBIOTE_LIBRARY:-/usr/local/lib/symbiote/libsymbiote.so}
[[ -e $library ]] || { echo "libsymbiote.so is not installed"; exit 77; }
[[ -e /sys/module/kelevate ]] || { echo "the module is not loaded"; exit 77; }
((EUID == 0)) || { echo "needs root, to become somebody else"; exit 77; }
chmod 755 .

expect() {
	local pattern=$1
	shift
	out=$(LD_PRELOAD=$library SYMBIOTE_VERBOSE=1 "$@" /bin/echo out 2>err)
	if [[ $? != 0 || $out != out ]] || ! grep -q "symbiote: echo: $pattern" err; then
		echo "not ok: $*: $out"
		cat err
		exit 1
	fi
}
expect "not elevated: neither granted" setpriv --reuid 65534 --regid 65534 --clear-groups
expect "not elevated: neither granted" setpriv --bounding-set -sys_module --inh-caps -sys_module
expect "not elevated: neither granted" unshare --user --map-root-user
