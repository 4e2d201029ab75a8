#!/bin/bash
# No kernel address comes to anybody who is not root: not of the module's files, its answers, the
# command's output, the log, nor of /proc of a symbiote.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

address='ff[0-9a-f]{14}'
# everything PROGRAM...: all that can be read and said about the module and process $spin, by PROGRAM.
everything() {
	# shellcheck disable=SC2016 # the inner shell expands
	"$@" bash -c '
		head -n 2000 /proc/kallsyms
		cat /proc/modules /proc/iomem /proc/vmallocinfo /proc/timer_list
		find /sys/module/kelevate /sys/kernel/debug /sys/kernel/tracing -type f -readable -exec timeout 2 cat {} + | head -c 10000000
		ls -d /proc/'"$spin"'/* /proc/'"$spin"'/task/*/* /proc/self/* | grep -v "/pagemap$\|/mem$" |
			xargs timeout 10 cat | head -c 10000000
		dmesg | grep -i kelevate
		symbiote check; symbiote check --json; symbiote stat; symbiote stat --json
		"$RIG_BUILD/tests/elevate/query"
		LD_PRELOAD=/usr/local/lib/symbiote/libsymbiote.so SYMBIOTE_VERBOSE=1 cat /proc/self/maps
	' 2>&1 </dev/null | tr -d '\0'
}

mkfifo says
"$helpers/spin" 0 1000 >says &
spin=$!
trap 'kill -KILL $spin || true' EXIT
read -r -t 20 line <says || fail "spin says nothing"
[[ $line == elevated ]] || fail "spin says $line"
# What is looked for is there to be found: by root.
[[ $(grep -cE "$address" /proc/modules) -gt 0 ]] || skip "addresses are hidden from root as well"
export RIG_BUILD
nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
for who in "$nobody" "$nobody unshare --user --map-root-user"; do
	# shellcheck disable=SC2086 # words
	everything $who >seen
	lines=$(wc -l <seen)
	# vsyscall is no secret, and the end of the address space no address
	if grep -nE "$address" seen | grep -vE 'vsyscall|f{16}' >leaks; then
		head -n 20 leaks
		fail "$who: kernel addresses"
	fi
	echo "# $who: $lines lines without an address"
	((lines > 500)) || fail "$who: read only $lines lines"
done
