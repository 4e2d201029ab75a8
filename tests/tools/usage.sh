#!/bin/bash
# What is no command, option or value gets a message and 125; help gets 0 on standard output.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

status 125 "$symbiote"
match "no command" "$errors" "*Usage:*"
for words in "frobnicate" "check --frobnicate" "check extra" "stat --frobnicate" "stat x" "stat 0" "stat -1" \
	"stat 1 2" "stat --watch 0" "stat --watch=61" "stat --watch 1x" "run" "run --" "run --mode fast true" \
	"run --frobnicate true" "run --mode" "version extra"; do
	# shellcheck disable=SC2086 # words
	status 125 "$symbiote" $words
	same "stdout of '$words'" "$output" ""
	match "stderr of '$words'" "$errors" "symbiote: *"
done
for words in "--help" "help" "run --help" "check --help" "stat --help" "version --help"; do
	# shellcheck disable=SC2086
	status 0 "$symbiote" $words
	match "help of '$words'" "$output" "Usage: symbiote*"
	same "stderr of '$words'" "$errors" ""
done
status 0 "$symbiote" version
match version "$output" "symbiote [0-9]*\(ABI [0-9]*"
# what cannot be written is a failure
"$symbiote" version >/dev/full 2>/dev/null
same "status with a full disk" $? 125
finish
