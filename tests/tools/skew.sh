#!/bin/bash
# A module of another ABI, one that does not answer and one without a number: one clear line with the
# remedy, and the program runs as without.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library
need_fake_module

# skew REASON OPTIONS...: of fake_module
skew() {
	local reason=$1
	shift
	status 0 "$fake" "$@" -- "$symbiote" run --verbose echo ran
	same "stdout, $reason" "$output" ran
	same "stderr, $reason" "$errors" "symbiote: echo runs without elevation: $reason"
	status 125 "$fake" "$@" -- "$symbiote" run --strict echo ran
	same "stdout, strict, $reason" "$output" ""
	match "stderr, strict, $reason" "$errors" "symbiote: echo is not run: $reason*symbiote: remedy: *"
	status 1 "$fake" "$@" -- "$symbiote" check
	match "check, $reason" "$output" "*not ok   module-abi         $reason; remedy: *"
	status 0 "$fake" "$@" -- "$symbiote" version
	match "version, $reason" "$output" "*kelevate: $reason"
	status 0 "$fake" "$@" -- "$symbiote" stat
	match "stat, $reason" "$output" "kelevate: $reason; remedy: *"
}

skew "the kelevate module speaks ABI 7, this command ABI 1" --abi 7
skew "system call 600 is not answered by the kelevate module" --query 38
skew "system call 600 (kelevate): Operation not permitted" --query 1
skew "the kelevate module does not say its system call's number" --number rubbish
finish
