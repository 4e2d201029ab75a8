#!/bin/bash
# A process in very many groups has a /proc/self/status longer than any buffer, and its Seccomp line comes last: under a
# filter that kills for the kelevate system call it lives, wherever the line is, and without one it is elevated.
set -u
# shellcheck source=tests/shim/lib.bash
. "$(dirname "$0")/lib.bash"

((EUID == 0)) || { echo "needs root, to join groups"; exit 77; }
type -P setpriv >/dev/null || { echo "no setpriv"; exit 77; }

# The number 600 where no module is loaded.
in_sysfs=()
# shellcheck disable=SC2016 # the inner shell expands
[[ -d /sys/module/kelevate ]] || in_sysfs=(unshare --mount sh -c 'mount -t tmpfs none /sys/module &&
	mkdir -p /sys/module/kelevate/parameters && echo 600 >/sys/module/kelevate/parameters/nr && exec "$@"' sh)
nr=$(cat /sys/module/kelevate/parameters/nr 2>/dev/null || echo 600)
"${in_sysfs[@]}" "$helpers/killer" "$nr" true || { echo "no filter here"; exit 77; }

failed=0
# attempt GROUPS: the program lives, and the shim has seen the filter.
attempt() {
	local out
	out=$("${in_sysfs[@]}" setpriv --groups "$1" "$helpers/killer" "$nr" \
		env LD_PRELOAD="$library" SYMBIOTE_VERBOSE=1 /bin/echo out 2>&1)
	if [[ $out != *"symbiote: echo: not elevated: "*seccomp*out ]]; then
		echo "not ok: $(wc -w <<<"${1//,/ }") groups: '$out'"
		failed=1
	fi
}

# offset GROUPS: where the line begins.
offset() { setpriv --groups "$1" grep -b ^Seccomp: /proc/self/status | cut -d: -f1; }

# Far behind the first 4 KiB, and at every place around their end.
many=$(seq -s, 1000001 1000999)
attempt "$many"
attempt "$(seq -s, 1000001 1009999)"
count=$(((4072 - $(offset 1)) / 8))
for ((more = 0; more < 5; more++)); do
	groups=$(seq -s, 1000001 $((1000000 + count + more)))
	for digits in 1{,0,00,000,0000,00000,000000,0000000}; do
		attempt "$groups,$digits"
	done
done
first=$(offset "$(seq -s, 1000001 $((1000000 + count))),1")
last=$(offset "$groups,$digits")
((first < 4085 && last > 4097)) || { echo "not ok: the line was at $first to $last only"; failed=1; }
if [[ -d /sys/module/kelevate ]]; then
	out=$(setpriv --groups "$many" env LD_PRELOAD="$library" SYMBIOTE_STRICT=1 /bin/echo out 2>&1)
	[[ $out == out ]] || { echo "not ok: without a filter: $out"; failed=1; }
fi
exit $failed
