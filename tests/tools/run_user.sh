#!/bin/bash
# run --user: all ids and groups change, for good, and nothing runs when they cannot.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need setpriv

same uid "$("$symbiote" run --user nobody id -u)" "$(id -u nobody)"
same gid "$("$symbiote" run --user nobody id -g)" "$(id -g nobody)"
same groups "$("$symbiote" run --user nobody id -G)" "$(id -G nobody)"
same "by number" "$("$symbiote" run --user "$(id -u nobody)" id -u)" "$(id -u nobody)"
# real, effective, saved, file system
same "all four" "$("$symbiote" run --user nobody sh -c 'sed -n "s/^Uid:[[:space:]]*//p" /proc/$$/status' | tr '\t' ' ')" \
	"$(for _ in 1 2 3 4; do id -u nobody; done | paste -sd' ')"
same capabilities "$("$symbiote" run --user nobody grep -E '^Cap(Prm|Eff|Amb)' /proc/self/status | grep -vc 0000000000000000)" 0
# what was ambient does not survive
if setpriv --ambient-caps +sys_module --inh-caps +sys_module true 2>/dev/null; then
	same "ambient capabilities" "$(setpriv --inh-caps +sys_module --ambient-caps +sys_module \
		"$symbiote" run --user nobody grep CapEff /proc/self/status | tr -d '\t')" "CapEff:0000000000000000"
fi
# supplementary groups of the caller are gone
same "caller's groups" "$(setpriv --groups 12345 "$symbiote" run --user nobody id -G)" "$(id -G nobody)"

status 125 "$symbiote" run --user no-such-user touch "$scratch/ran"
match "no such user" "$errors" "symbiote: --user no-such-user: *"
status 125 "$symbiote" run --user '' touch "$scratch/ran"
status 125 "$symbiote" run --user 4294967295 touch "$scratch/ran"
# a caller who may not change ids
chmod 777 "$scratch"
status 125 setpriv --reuid nobody --clear-groups --inh-caps=-all "$symbiote" run --user root touch "$scratch/ran"
status 125 setpriv --bounding-set -setuid "$symbiote" run --user nobody touch "$scratch/ran"
[[ -e $scratch/ran ]] && fail "the program ran"
finish
