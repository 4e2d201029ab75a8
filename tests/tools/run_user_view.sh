#!/bin/bash
# run --user: which program it is, and whether it can be executed and elevated, is found out as that user,
# who has no grant behind an exec.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library
need_fake_module

# dry STATUS PROGRAM...: what is said with a module that would grant; the program is nobody's.
dry() {
	local wanted=$1
	shift
	status "$wanted" "$fake" --state 5 -- "$symbiote" run --dry-run --user nobody -- "$@"
}

# everybody can read these
chmod 755 "$scratch"
cp "$library" "$scratch/libsymbiote.so"
export SYMBIOTE_LIBRARY=$scratch/libsymbiote.so
mkdir "$scratch"/{closed,open}
cp /bin/true "$scratch/closed/program"
cp /bin/false "$scratch/open/program"
cp /bin/true "$scratch/rootonly"
cp /bin/true "$scratch/unreadable"
chmod 700 "$scratch"/{closed,rootonly}
chmod 711 "$scratch/unreadable"
dry 0 true
match "what everybody can execute" "$output" "*elevated: *yes"

dry 1 "$scratch/rootonly"
match "root's alone" "$output" "*kind: *Permission denied*elevated: *no: the program cannot be executed*"
status 126 "$symbiote" run --user nobody "$scratch/rootonly"
dry 1 "$scratch/closed/program"
match "in a closed directory" "$output" "*elevated: *no: the program cannot be executed*"
dry 1 "$scratch/unreadable"
match "not readable" "$output" "*elevated: *no: $scratch/unreadable cannot be read: *"
# execvp goes on behind a directory that it may not search
PATH=$scratch/closed:$scratch/open:$PATH dry 0 program
match "found by PATH" "$output" "*program: *$scratch/open/program*elevated: *yes"
PATH=$scratch/closed:$scratch/open:$PATH status 1 "$symbiote" run --user nobody program

# env executes another program, and that is not root's any more, so it has no grant
printf '#!/usr/bin/env cat\n' >"$scratch/script"
chmod 755 "$scratch/script"
ends="/usr/bin/env executes another program, and the grant *"
for words in "$scratch/script" "/usr/bin/env A=b cat /dev/null"; do
	# shellcheck disable=SC2086 # words
	dry 1 $words
	match "$words" "$output" "*LD_PRELOAD stays as it is*elevated: *no: $ends*remedy: *"
done
status 0 "$fake" --state 5 -- "$symbiote" run --verbose --user nobody "$scratch/script"
same "its output" "$output" "$(<"$scratch/script")"
match "its reason" "$errors" "symbiote: $scratch/script runs without elevation: $ends"
status 125 "$fake" --state 5 -- "$symbiote" run --strict --user nobody "$scratch/script"
dry 0 cat "$scratch/script"
# root's other programs take a grant themselves
status 0 "$fake" --state 5 -- "$symbiote" run --dry-run "$scratch/script"
status 0 "$fake" --state 5 -- "$symbiote" run --dry-run --user root "$scratch/script"
finish
