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

# start OPTIONS... -- PROGRAM: its pid is $!
start() {
	"$symbiote" run "$@" &
	children+=($!)
	within 10 grep -qs sleep "/proc/$!/comm" || fail "did not start: $*"
	sleep 0.2
}

start --strict sleep 60
same "as root" "$(granted $!)" True
start --strict --user nobody sleep 60
same "as nobody" "$(granted $!)" True
same "the user" "$(stat -c %U "/proc/$!/fd" 2>/dev/null || echo root)" root # not dumpable: the directory is root's
# of an ordinary user: root needs no grant
start --user nobody sh -c 'exec sleep 60'
same "after another exec" "$(granted $!)" False
start --mode off sleep 60
same "mode off" "$(granted $!)" False
finish
