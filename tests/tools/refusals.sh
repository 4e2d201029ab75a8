#!/bin/bash
# Whatever the module can refuse to load for, `symbiote check` and its page have under the same name: every "refused: NAME:" and every
# row of a table of refusals in its sources. And of this very kernel both say the same: the module is loaded, so nothing
# that it refuses is "not ok".
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root

sources=$(dirname "$0")/../../kmod
[[ -e $sources/main.c ]] || skip "without the module's sources"
case $(uname -m) in
x86_64) arch=x86 ;;
*) arch=arm64 ;;
esac
{
	grep -hoE '"refused: [a-z0-9-]+:' "$sources"/*.c "$sources/arch/$arch"/*.c | sed 's/.* //; s/://'
	sed -nE 's/^\t\{ "([a-z0-9-]+)", has_.*/\1/p' "$sources/check.c" "$sources/arch/$arch/check.c"
} | sort -u >"$scratch/module"
same "messages without a name" "$(grep -hE '"refused: ' "$sources"/*.c "$sources/arch/$arch"/*.c |
	grep -vE '"refused: ([a-z0-9-]+|%s):')" ""
(($(wc -l <"$scratch/module") >= 10)) || fail "only $(wc -l <"$scratch/module") refusals found"
"$symbiote" check | sed -nE 's/^(ok|not ok|unknown) +([a-z0-9-]+) .*/\2/p' | sort -u >"$scratch/tool"
same "refusals that symbiote check does not know" "$(comm -23 "$scratch/module" "$scratch/tool")" ""
while read -r name; do
	sed 's/\\-/-/g' "$sources/../docs/man/symbiote.1" | grep -qwF -- "$name" || fail "symbiote.1 does not mention $name"
done <"$scratch/module"
if [[ -e /sys/module/kelevate ]]; then
	same "not ok, and loaded" "$("$symbiote" check | sed -nE 's/^not ok +([a-z0-9-]+) .*/\1/p' | sort |
		comm -12 - "$scratch/module")" ""
fi
finish
