#!/bin/bash
# Under a seccomp filter that kills for the kelevate system call (systemd's SystemCallFilter= does): the command
# lives, says why, and the program runs as without it.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library
killer=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/helpers/killer
[[ -x $killer ]] || skip "no killer"

# "${filtered[@]}" COMMAND...: with the module that is loaded, or else the file by which one is known.
filtered=("$killer" "$(cat /sys/module/kelevate/parameters/nr 2>/dev/null || echo 600)")
# shellcheck disable=SC2016 # the inner shell expands
[[ -d /sys/module/kelevate ]] || filtered=(unshare --mount sh -c 'mount -t tmpfs none /sys/module &&
	mkdir -p /sys/module/kelevate/parameters && echo 600 >/sys/module/kelevate/parameters/nr && exec "$@"' sh "${filtered[@]}")
status 0 "${filtered[@]}" true
((failed)) && skip "no filter here: $output"

reason="this process is under a seccomp filter*"
for options in "" "--mode off" "--mode bracketed"; do
	# shellcheck disable=SC2086 # words
	status 3 "${filtered[@]}" "$symbiote" run $options sh -c 'echo ran; exit 3'
	same "stdout, '$options'" "$output" ran
	same "stderr, '$options'" "$errors" ""
done
status 0 "${filtered[@]}" "$symbiote" run --verbose echo ran
same "stdout, verbose" "$output" ran
match "stderr, verbose" "$errors" "symbiote: echo runs without elevation: $reason"
status 125 "${filtered[@]}" "$symbiote" run --strict echo ran
match "stderr, strict" "$errors" "symbiote: echo is not run: $reason"
status 1 "${filtered[@]}" "$symbiote" run --dry-run echo
match "dry run" "$output" "*elevated: *no: $reason"
status 1 "${filtered[@]}" "$symbiote" check
match "check" "$output" "*not ok   privilege *$reason"
status 0 "${filtered[@]}" "$symbiote" stat
match "stat" "$output" "kelevate: $reason"
status 0 "${filtered[@]}" "$symbiote" version
match "version" "$output" "*kelevate: $reason"
finish
