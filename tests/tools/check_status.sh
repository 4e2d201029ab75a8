#!/bin/bash
# check: one line per requirement, JSON says the same, and the exit status follows from them.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need python3

"$symbiote" check >"$scratch/text"
text_status=$?
"$symbiote" check --json >"$scratch/json"
same "status with --json" $? $text_status
valid_json <"$scratch/json" || fail "invalid JSON"
bad=$(grep -c '^not ok ' "$scratch/text")
same "status with $bad lines 'not ok'" $text_status $((bad > 0))
lines=$(grep -cE '^(ok|not ok|unknown) ' "$scratch/text")
((lines >= 15)) || fail "only $lines requirements"
same "lines of neither kind" "$(grep -cvE '^(ok|not ok|unknown) |^$|^(not )?ready' "$scratch/text")" 0
same "names and states in JSON" "$(python3 - "$scratch/json" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["ready"] == all(c["status"] != "not ok" for c in d["checks"])
for c in d["checks"]:
    assert c["reason"]
    print("%-8s %-18s" % (c["status"], c["name"]))
END
)" "$(grep -E '^(ok|not ok|unknown) ' "$scratch/text" | cut -c1-27)"
grep '^not ok ' "$scratch/text" | grep -v 'library' | grep -v '; remedy: ' && fail "no remedy"
finish
