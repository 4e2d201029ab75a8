#!/bin/bash
# run: the program has the command's pid, descriptors, signals, directory and arguments.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

same stdin "$(echo from stdin | "$symbiote" run cat)" "from stdin"
same descriptor "$(echo three 3<<<"by number" | "$symbiote" run sh -c 'cat <&3' 3<<<"by number")" "by number"
same arguments "$("$symbiote" run printf '<%s>' 'a b' '' '*' --help)" "<a b><><*><--help>"
same "after --" "$("$symbiote" run -- printf %s -- x)" "--x"
same argv0 "$("$symbiote" run sh -c 'echo "$0"')" sh
same directory "$(cd "$scratch" && "$symbiote" run pwd -P)" "$(cd "$scratch" && pwd -P)"

# the pid: what is started in the background is the program itself
"$symbiote" run sh -c 'echo $$; exec sleep 60' >"$scratch/pid" &
children+=($!)
within 10 test -s "$scratch/pid" || fail "the program did not start"
same pid "$(<"$scratch/pid")" "$!"
kill -TERM $!
wait $!
same "status after SIGTERM" $? 143

# a handler of the program runs
"$symbiote" run sh -c 'trap "echo caught; exit 5" USR1; echo ready; while :; do sleep 0.05; done' >"$scratch/out" &
children+=($!)
within 10 grep -q ready "$scratch/out" || fail "the program did not start"
kill -USR1 $!
wait $!
same "status of the handler" $? 5
same "output of the handler" "$(tail -n 1 "$scratch/out")" caught

# what the caller ignores or blocks stays ignored or blocked
sigs() { "$@" grep -E '^Sig(Blk|Ign)' /proc/self/status; }
same "signal masks" "$(trap '' USR2 PIPE && sigs "$symbiote" run)" "$(trap '' USR2 PIPE && sigs env)"
# nothing of the command's own stays open
fds() { "$@" sh -c 'exec ls -l /proc/self/fd' | grep -c -- '->'; }
same "open descriptors" "$(fds "$symbiote" run)" "$(fds env)"
finish
