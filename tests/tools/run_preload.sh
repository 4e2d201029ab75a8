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
export SYMBIOTE_LIBRARY=/no/such/libsymbiote.so
status 0 "$symbiote" run --verbose "${show[@]}"
same "LD_PRELOAD, missing" "$output" ""
match "stderr, missing" "$errors" "symbiote: *SYMBIOTE_LIBRARY: /no/such/libsymbiote.so: *"
finish
