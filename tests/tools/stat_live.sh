#!/bin/bash
# stat of a running symbiote: its calls are counted by kernel function, what it does shows up, the
# share is right, and text and JSON agree.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_module
need_library
need python3

"$symbiote" run --strict dd if=/dev/zero of=/dev/null bs=1 count=100000000000 status=none &
children+=($!)
pid=$!
counts() {
	"$symbiote" stat --json $pid >"$scratch/json" 2>/dev/null || return
	python3 - "$scratch/json" <<'END'
import json, sys
p = json.load(open(sys.argv[1]))["process"]
by_call = {}
for row in p["shortcuts"]:
    by_call[row["call"]] = by_call.get(row["call"], 0) + row["count"]
assert p["taken"] == sum(by_call.values())
assert p["fallbacks"] == sum(p["kernel_fallbacks"].values()) + sum(f["count"] for f in p["shim"]["fallbacks"])
print(p["threads"], p["taken"], by_call["read"], by_call["write"], p["fallbacks"], p["mode"], p["not_elevated"])
END
}
# shellcheck disable=SC2317 # called by within
running() { read -r _ taken _ < <(counts) && ((taken > 100000)); }
within 60 running || fail "no shortcuts are counted: $(cat "$scratch/json")"
read -r threads taken reads writes fallbacks mode why < <(counts)
same threads "$threads" 1
same mode "$mode" resident
same "not elevated" "$why" None
((reads > 100 && writes > 100)) || fail "$reads reads, $writes writes"
((fallbacks * 100 < taken)) || fail "$fallbacks fallbacks for $taken shortcuts"
sleep 0.5
read -r _ later _ < <(counts)
((later > taken)) || fail "nothing counted in half a second: $taken, $later"

status 0 "$symbiote" stat $pid
match "row" "$output" "*  read  *read* +([0-9])*"
match "share" "$output" "*shortcuts taken: @(99|100).[0-9][0-9] %"
status 0 "$symbiote" stat
match "table" "$output" "*$pid root +( )resident +( )1 *dd*"
status 0 "$symbiote" stat --json
valid_json <<<"$output" || fail "invalid JSON"
finish
