#!/bin/bash
# run --dry-run: says what would be done and why not, does none of it.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_library

# has WHAT LINE: a line of $output
has() {
	grep -qE "$2" <<<"$output" || fail "$1: no line '$2' in: $output"
}

dry() { "$symbiote" run --dry-run "$@"; }
no() { # what cannot be preloaded: status 1 wherever this runs
	status 1 dry "$@"
	has "$1" '^elevated: +no: '
	has "$1" '^grant: +none'
	has "$1" 'LD_PRELOAD stays as it is'
}

dry touch "$scratch/ran" >/dev/null
[[ -e $scratch/ran ]] && fail "the program ran"

if [[ -d /sys/module/kelevate ]] && ((EUID == 0)); then
	status 0 dry -m bracketed -vv -s cat x
	has "it would" '^elevated: +yes$'
	has "it would" 'SYMBIOTE_MODE=bracketed'
	has "it would" 'SYMBIOTE_STRICT=1'
	has "it would" 'SYMBIOTE_VERBOSE=2'
	has "it would" "^environment: +LD_PRELOAD=$(realpath "$library")\$"
fi
status 1 "${without_module[@]}" "$symbiote" run -n cat
has "no module" '^elevated: +no: the kelevate module is not loaded$'
has "no module" '^remedy: +modprobe kelevate$'
status 1 dry --mode off cat
has "off" '^elevated: +no: mode off$'
status 1 dry no-such-program
has "missing" '^elevated: +no: the program cannot be executed$'
same "remedies for a missing program" "$(grep -c '^remedy:' <<<"$output")" 0

# static: a binary of the system, or else not tested
if static=$(type -P busybox ldconfig sln | head -n 1) && ! readelf -l "$static" 2>/dev/null | grep -q INTERP; then
	no "$static"
	has static 'statically linked'
fi

# the header decides: 32-bit, and another architecture
cp /bin/true "$scratch/elf32"
printf '\x01' | dd of="$scratch/elf32" bs=1 seek=4 conv=notrunc status=none
no "$scratch/elf32"
has "32-bit" '32-bit'
cp /bin/true "$scratch/foreign"
printf '\xf3\x00' | dd of="$scratch/foreign" bs=1 seek=18 conv=notrunc status=none
no "$scratch/foreign"
has foreign 'another architecture'

# another C library, whatever it is: its linker decides
linker=/tmp/ld-$$.so	# no longer than the name that it takes the place of
python3 - "$scratch/foreign" "$linker" <<'END'
import os, re, shutil, sys
file, new = sys.argv[1:]
data = open("/bin/true", "rb").read()
old = re.search(rb"/lib[^\0]*/ld-linux[^\0]*", data).group()
shutil.copy(os.fsdecode(old), new)
open(file, "wb").write(data.replace(old, new.encode().ljust(len(old), b"\0"), 1))
END
chmod +x "$scratch/foreign"
"$scratch/foreign" || fail "a program with another linker does not run"
no "$scratch/foreign"
has foreign 'has a C library of its own'
rm "$linker"

# scripts are followed, through every #!
printf '#! /bin/cat -n\nx\n' >"$scratch/one"
printf '#!%s/one\n' "$scratch" >"$scratch/two"
printf '#!%s/elf32\n' "$scratch" >"$scratch/bad"
printf '#!%s/loop\n' "$scratch" >"$scratch/loop"
chmod +x "$scratch"/{one,two,bad,loop}
dry "$scratch/two" >"$scratch/out"
output=$(<"$scratch/out")
has script '^runs: +/bin/cat$'
has script "^program: +$scratch/two\$"
no "$scratch/bad"
status 1 dry "$scratch/loop"

if ((EUID == 0)); then
	cp /bin/true "$scratch/suid"
	chown nobody "$scratch/suid"
	chmod 4755 "$scratch/suid"
	if findmnt -nT "$scratch" -o OPTIONS 2>/dev/null | grep -qv nosuid; then
		no "$scratch/suid"
		has setuid 'is setuid'
		chgrp nogroup "$scratch/suid"
		chmod 2755 "$scratch/suid"
		no "$scratch/suid"
		has setgid 'is setgid'
	fi
	chmod 755 "$scratch"
	status 1 "${without_module[@]}" "$symbiote" run -n -u nobody cat
	has user "^user: +nobody \\(uid $(id -u nobody), gid $(id -g nobody)\\)\$"
	# a library that the user cannot reach
	mkdir -m 700 "$scratch/closed"
	cp "$library" "$scratch/closed/libsymbiote.so"
	SYMBIOTE_LIBRARY=$scratch/closed/libsymbiote.so status 1 dry -u nobody cat
	has closed '^library: +none$'
fi
finish
