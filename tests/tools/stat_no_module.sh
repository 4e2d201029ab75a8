#!/bin/bash
# stat with no module says so, and still tells of processes that carry the shim in vain.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library
need python3

status 0 "${without_module[@]}" "$symbiote" stat
match "first line" "$output" "kelevate: the kelevate module is not loaded; remedy: modprobe kelevate*"

"${without_module[@]}" "$symbiote" run sleep 60 &
children+=($!)
pid=$!
# shellcheck disable=SC2317 # called by within
started() { "${without_module[@]}" "$symbiote" stat "$pid" 2>/dev/null | grep -q "not elevated: the kelevate"; }
within 20 started || fail "the shim is not in the process"
status 0 "${without_module[@]}" "$symbiote" stat
match "the process" "$output" "*$pid*sleep: the kelevate module is not loaded*"
status 0 "${without_module[@]}" "$symbiote" stat "$pid"
match "its reason" "$output" "*not elevated: the kelevate module is not loaded*"
match "its share" "$output" "*shortcuts taken: no calls*"
for arguments in "" "$pid"; do
	# shellcheck disable=SC2086 # none or one
	status 0 "${without_module[@]}" "$symbiote" stat --json $arguments
	valid_json <<<"$output" || fail "invalid JSON: stat --json $arguments"
done
finish
