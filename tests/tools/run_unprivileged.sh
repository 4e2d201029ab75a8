#!/bin/bash
# run by an ordinary user, and in a user namespace: no grant, and the program runs all the same.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_module
need_library
need setpriv unshare

ordinary=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all)
for who in "${ordinary[*]}" "unshare --user --map-root-user" "setpriv --bounding-set -sys_module --inh-caps -sys_module"; do
	# shellcheck disable=SC2086 # words
	status 4 $who "$symbiote" run sh -c 'echo ran; exit 4'
	same "stdout, $who" "$output" ran
	same "stderr, $who" "$errors" ""
	# shellcheck disable=SC2086
	status 0 $who "$symbiote" run --verbose true
	same "lines of stderr, $who" "$(wc -l <"$scratch/stderr")" 1
	match "stderr, $who" "$errors" "symbiote: true runs without elevation: *"
	# shellcheck disable=SC2086
	status 125 $who "$symbiote" run --strict true
done
finish
