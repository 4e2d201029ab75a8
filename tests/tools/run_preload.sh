#!/bin/bash
# run: LD_PRELOAD keeps what the user has, in front; the shim comes once; a path that LD_PRELOAD
# cannot carry is refused.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_library

show=(sh -c 'echo "$LD_PRELOAD"')
real=$(realpath "$library")
same "alone" "$("$symbiote" run "${show[@]}")" "$real"
other=$(find /lib/*-linux-gnu /usr/lib/*-linux-gnu -maxdepth 1 -name 'libm.so.6' | head -n 1)
[[ $other ]] || skip "no libm to preload"
same "behind the user's" "$(LD_PRELOAD=$other "$symbiote" run "${show[@]}")" "$other:$real"
same "not twice" "$(LD_PRELOAD=$real "$symbiote" run "${show[@]}")" "$real"
same "not twice, behind" "$(LD_PRELOAD="$other $real" "$symbiote" run "${show[@]}")" "$other $real"
# one that is gone is none
same "a stale one" "$(LD_PRELOAD=/no/such/libsymbiote.so "$symbiote" run "${show[@]}" 2>/dev/null)" "/no/such/libsymbiote.so:$real"
same "nested" "$("$symbiote" run "$symbiote" run "${show[@]}")" "$real"
same "both are mapped" "$(LD_PRELOAD=$other "$symbiote" run cat /proc/self/maps |
	grep -cE " r-xp .*/(${library##*/}|libm)[.-]?")" 2

for name in 'with space' 'with:colon' 'with$dollar'; do
	mkdir "$scratch/$name"
	cp "$library" "$scratch/$name/libsymbiote.so"
	export SYMBIOTE_LIBRARY="$scratch/$name/libsymbiote.so"
	status 0 "$symbiote" run --verbose "${show[@]}"
	same "LD_PRELOAD, $name" "$output" ""
	match "stderr, $name" "$errors" "symbiote: *LD_PRELOAD cannot carry*"
	status 125 "$symbiote" run --strict "${show[@]}"
done
# refused LIBRARY REASON: nothing is preloaded, and it is said why.
refused() {
	export SYMBIOTE_LIBRARY=$1
	status 0 "$symbiote" run --verbose "${show[@]}"
	same "LD_PRELOAD, $1" "$output" ""
	match "stderr, $1" "$errors" "symbiote: sh runs without elevation: *$2"
	status 125 "$symbiote" run --strict "${show[@]}"
	same "strict, $1" "$output" ""
	SYMBIOTE_STRICT=1 status 125 "$symbiote" run "${show[@]}"
	match "stderr, SYMBIOTE_STRICT, $1" "$errors" "symbiote: sh is not run: *$2*"
	status 1 "$symbiote" run --dry-run true
	match "dry run, $1" "$output" "*library: *none*elevated: *no: *$2*"
	match "check, $1" "$("$symbiote" check | grep ' library ')" "not ok   library *$2*"
}

# What the dynamic linker would not load, it would only complain about, and run the program without.
not_library="is not a shared library of this machine"
refused /no/such/libsymbiote.so "SYMBIOTE_LIBRARY: /no/such/libsymbiote.so: No such file or directory"
refused "$scratch" "$not_library"
refused /etc/passwd "$not_library"
refused /dev/null "$not_library"
for field in '4 \x01' '5 \x02' '16 \x02' '18 \xf3'; do # class, byte order, kind, machine
	cp "$library" "$scratch/wrong.so"
	printf %b "${field#* }" | dd of="$scratch/wrong.so" bs=1 seek="${field% *}" conv=notrunc status=none
	refused "$scratch/wrong.so" "$not_library"
done
# where nothing may be executed
if ((EUID == 0)) && unshare --mount true; then
	# shellcheck disable=SC2317 # refused calls it
	in_noexec() { unshare --mount sh -c 'mount -t tmpfs -o noexec none "$0" && cp "$1" "$0" && shift && exec "$@"' \
		"$scratch/noexec" "$library" "$program" "$@"; }
	mkdir "$scratch/noexec"
	program=$symbiote
	symbiote=in_noexec
	refused "$scratch/noexec/${library##*/}" "may not be executed: *"
	symbiote=$program
fi
finish
