#!/bin/bash
# Every option of the command, variable of the shim, operation and flag of the system call is in
# its man page.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
top=$(cd "$(dirname "$0")/../.." && pwd)
man=$top/docs/man
[[ -e $man/symbiote.1 ]] || skip "no source tree"

# mentions FILE WORD...: with roff's escapes of the minus sign
mentions() {
	local file=$1 word
	shift
	for word; do
		sed 's/\\-/-/g' "$file" | grep -qwF -- "$word" || fail "${file##*/} does not mention $word"
	done
}

for command in run check stat; do
	mapfile -t words < <("$symbiote" $command --help | grep -oE -- '--[a-z][a-z-]+' | sort -u)
	((${#words[@]} > 1)) || fail "no options of $command"
	page=$man/symbiote.1
	[[ $command == run ]] && page=$man/symbiote-run.1
	for word in "${words[@]}"; do
		[[ $word == --help ]] || mentions "$page" "$word"
	done
done

mapfile -t words < <(sed -n 's/^\tX(\([A-Z]*\), .*/SYMBIOTE_\1/p' "$top/shim/env.h")
((${#words[@]} >= 4)) || fail "variables not found in shim/env.h"
mentions "$man/libsymbiote.7" "${words[@]}"
mapfile -t words < <(sed -n 's/^\(CALL\|PLAIN\)([^,]*, \([a-z0-9_]*\),.*/\2/p' "$top/shim/calls.def" | sort -u)
((${#words[@]} >= 20)) || fail "calls not found in shim/calls.def"
mentions "$man/libsymbiote.7" "${words[@]}"
mapfile -t words < <(sed -n 's/^ALIAS([^,]*, \([a-z0-9_]*\),.*/\1/p' "$top/shim/calls.def")
((${#words[@]} >= 5)) || fail "aliases not found in shim/calls.def"
mentions "$man/libsymbiote.7" "${words[@]}"

mapfile -t words < <(grep -oE '^	KELEVATE_[A-Z]+	+= [0-9]' "$top/kmod/uapi/kelevate.h" | grep -oE 'KELEVATE_[A-Z]+')
((${#words[@]} >= 10)) || fail "operations not found in kelevate.h"
mentions "$man/kelevate.2" "${words[@]}" KELEVATE_{STICKY,KADDR,BRACKETED,FORGET,GRANT_SELF,GRANT_EXEC,GRANT_REVOKE,STAT_NEXT}
finish
