#!/bin/bash
# stat PID: a process that is not there, or has nothing to show, is told apart from one that has.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

status 1 "$symbiote" stat 2147483647
match "not there" "$errors" "symbiote: there is no process 2147483647"
same "stdout" "$output" ""
status 1 "$symbiote" stat $$
match "nothing to show" "$errors" "symbiote: process $$ is not granted and does not carry the shim*"
status 1 "$symbiote" stat --json $$
same "no half an object" "$output" ""
finish
