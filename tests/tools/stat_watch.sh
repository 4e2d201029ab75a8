#!/bin/bash
# stat --watch: again and again, with rates; one JSON object per line; ends with the process.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_library
need python3

"$symbiote" run sleep 600 &
children+=($!)
pid=$!
# shellcheck disable=SC2317 # called by within
known() { "$symbiote" stat "$pid" >/dev/null 2>&1; }
within 20 known || fail "the shim is not in the process"
for words in "--json $pid" "$pid --json" "-j -- $pid"; do
	# shellcheck disable=SC2086 # words
	status 0 "$symbiote" stat $words
	match "stat $words" "$output" "{*\"pid\": $pid,*"
done
timeout 60 "$symbiote" stat --watch 0.2 --json | head -n 3 >"$scratch/lines"
same lines "$(wc -l <"$scratch/lines")" 3
while read -r line; do
	valid_json <<<"$line" || fail "invalid JSON: $line"
done <"$scratch/lines"
timeout 60 "$symbiote" stat --watch=0.2 "$pid" >"$scratch/text" 2>"$scratch/errors" &
watch=$!
within 30 grep -q '0/s\|shortcuts taken' "$scratch/text" || fail "no text"
kill $pid
wait $watch
same "status at the process's end" $? 0
match "end" "$(<"$scratch/errors")" "symbiote: process $pid has ended"
finish
