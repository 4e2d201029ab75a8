#!/bin/bash
# stat --watch: again and again, with rates; one JSON object per line; ends with the process.
. "$(dirname "$0")/lib.bash"
need_library
need python3

"$symbiote" run sleep 3 &
children+=($!)
pid=$!
within 10 grep -qs libsymbiote "/proc/$pid/maps" || fail "the shim is not in the process"
sleep 0.2
timeout 2 "$symbiote" stat --watch 0.2 --json >"$scratch/lines"
same "status when interrupted" $? 124
(($(wc -l <"$scratch/lines") >= 4)) || fail "$(wc -l <"$scratch/lines") lines"
while read -r line; do
	valid_json <<<"$line" || fail "invalid JSON: $line"
done <"$scratch/lines"
status 0 timeout 20 "$symbiote" stat --watch=0.2 $pid
match "end" "$errors" "symbiote: process $pid has ended"
timeout 1 "$symbiote" stat -w >"$scratch/text"
grep -q kelevate "$scratch/text" || fail "no text"
finish
