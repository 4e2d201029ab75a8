#!/bin/bash
# run: the program's exit status, or 126 and 127 as every wrapper has them.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

status 0 "$symbiote" run true
status 1 "$symbiote" run false
status 7 "$symbiote" run sh -c 'exit 7'
status 125 "$symbiote" run sh -c 'exit 125'
status 127 "$symbiote" run /no/such/program
match "no such program" "$errors" "symbiote: /no/such/program: *"
status 127 "$symbiote" run no-such-program-in-path
# also if that cannot be said
"$symbiote" run /no/such/program 2>/dev/full
same "no such program, stderr is full" $? 127
"$symbiote" run /no/such/program 2>&-
same "no such program, stderr is closed" $? 127
status 127 "$symbiote" run ''
status 126 "$symbiote" run /
echo hello >"$scratch/data"
status 126 "$symbiote" run "$scratch/data"
printf '#!/no/such/interpreter\n' >"$scratch/script"
chmod +x "$scratch/script"
status 127 "$symbiote" run "$scratch/script"
# a text without #! is the shell's, as for execvp
echo 'exit 9' >"$scratch/text"
chmod +x "$scratch/text"
status 9 "$symbiote" run "$scratch/text"
# and so is a #! with nothing behind it
for first in '#!' '#! ' $'#!\t'; do
	printf '%s\nexit 11\n' "$first" >"$scratch/nothing"
	chmod +x "$scratch/nothing"
	status 11 "$symbiote" run "$scratch/nothing"
	"$symbiote" run --dry-run "$scratch/nothing" >"$scratch/out"
	match "runs" "$(<"$scratch/out")" "*runs: *sh*kind: *64-bit, dynamic*"
done
# died of a signal: the shell says 128 + number
status 143 "$symbiote" run sh -c 'kill -TERM $$'
finish
