#!/bin/bash
# run: the program is granted, as root and after --user; what it executes next as an
# ordinary user is not.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_module
need_library
need python3

granted() { # PID
	"$symbiote" stat --json "$1" 2>/dev/null | python3 -c '
import json, sys
try:
    print(json.load(sys.stdin)["process"]["granted"])
except (ValueError, KeyError):
    print("no answer")'
}

# shellcheck disable=SC2317 # called by within
answers() { [[ $(granted "$1") == "$2" ]]; }

# becomes WHAT WANTED OPTIONS... PROGRAM: started like that, it is soon said to be granted, or not.
becomes() {
	local what=$1 wanted=$2
	shift 2
	"$symbiote" run "$@" &
	children+=($!)
	within 20 grep -qs sleep "/proc/$!/comm" || fail "did not start: $*"
	within 20 answers $! "$wanted" || fail "$what: '$(granted $!)' instead of '$wanted'"
}

becomes "as root" True --strict sleep 60
becomes "as nobody" True --strict --user nobody sleep 60
same "the user" "$(stat -c %U "/proc/$!/fd" 2>/dev/null || echo root)" root # not dumpable: the directory is root's
# of an ordinary user: root needs no grant
becomes "after another exec" False --user nobody sh -c 'exec sleep 60'
becomes "mode off" False --mode off sleep 60
# the grant is made before it is known that the shim cannot be preloaded
if static=$(type -P busybox) && ! readelf -l "$static" 2>/dev/null | grep -q INTERP; then
	chmod 755 "$scratch"
	cp "$static" "$scratch/sleep"
	"$symbiote" run --user nobody "$scratch/sleep" 60 &
	children+=($!)
	within 20 grep -qs sleep "/proc/$!/comm" || fail "did not start: a static program"
	status 1 "$symbiote" stat $!
	match "a static program" "$errors" "*process $! is not granted*"
fi
finish
