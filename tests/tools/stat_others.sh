#!/bin/bash
# stat by an ordinary user: what that user may not look into is counted, and not said to be nothing.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library
need python3 setpriv

ordinary=(setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all)
binary=$(type -P "$symbiote")
"${ordinary[@]}" test -x "$binary" || skip "nobody cannot execute $binary"
"$symbiote" run sleep 60 &
pid=$!
children+=("$pid")
# shellcheck disable=SC2317 # called by within
known() { "$symbiote" stat "$pid" >/dev/null 2>&1; }
within 20 known || fail "root is told nothing of it"

status 0 "$symbiote" stat
match "of root's, as root" "$output" "* $pid root *"
status 0 "${ordinary[@]}" "$symbiote" stat
match "of root's, as nobody" "$output" "*processes that this user may not look into: [1-9]*
no other process is elevated or carries the shim"
status 1 "${ordinary[@]}" "$symbiote" stat $pid
match "that process" "$errors" "symbiote: process $pid may not be looked into by this user"
hidden() { "$@" "$symbiote" stat --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["hidden"])'; }
root=$(hidden)
nobody=$(hidden "${ordinary[@]}")
((nobody > root && root >= 0)) || fail "hidden: $root from root, $nobody from nobody"
finish
