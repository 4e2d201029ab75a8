#!/bin/bash
# While a symbiote spins on one CPU, the others have SMEP and SMAP; and so has its own as soon
# as somebody else runs there; without lazy_cr4 also when nobody does.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

[[ $(grep -c "\<smep\>.*\<smap\>\|\<smap\>.*\<smep\>" /proc/cpuinfo) != 0 ]] || skip "the CPU has no SMEP and SMAP"
(($(nproc) > 1)) || skip "needs a second CPU"
helper_module snapshot
taskset -p -c 0 $$ >/dev/null # or this shell would be a bystander on CPU 1

# Whether CPU $1 has both, when an interrupt there looks.
protected() { taskset -c 0 grep -q "^$1 smep 1 smap 1\$" /proc/kel_cr4; }

for cpu in 0 1; do
	protected "$cpu" || fail "CPU $cpu without SMEP and SMAP before anything"
done
# seen_without: how often of 25 times CPU 1 is seen without them.
seen_without() {
	local clear=0 i
	for ((i = 0; i < 25; i++)); do
		taskset -c 0 grep -q "^0 smep 1 smap 1\$" /proc/kel_cr4 || fail "CPU 0 lost SMEP or SMAP to a symbiote on CPU 1"
		protected 1 || clear=$((clear + 1))
	done
	echo "naps of $nap us, lazy_cr4=$(<"$lazy"): CPU 1 seen without them $clear of 25 times" >&2
	echo "$clear"
}

lazy=/sys/module/kelevate/parameters/lazy_cr4
was=$(<"$lazy") spin=
# shellcheck disable=SC2317 # the trap calls it
restore_lazy() {
	kill "$spin" 2>/dev/null || true
	echo "$was" >"$lazy"
	remove_helpers
}
trap restore_lazy EXIT
echo Y >"$lazy"
# A symbiote that keeps CPU 1 busy, then one that lets it go idle most of the time.
for nap in 0 5000; do
	coproc taskset -c 1 "$helpers/spin" 1 300 "$nap"
	spin=$COPROC_PID
	read -r line <&"${COPROC[0]}"
	[[ $line == elevated ]] || fail "spin says: $line"
	# on a slow machine it is at work for much of the time, or others are: the difference is small now and then, not always
	for ((try = 0; try < 10; try++)); do
		clear=$(seen_without) || fail "$clear"
		strict=0
		if ((nap)); then
			echo N >"$lazy"
			strict=$(seen_without) || fail "$strict"
			echo Y >"$lazy"
		fi
		((clear <= 4 || strict * 4 >= clear * 3)) || break
	done
	((clear > 4)) || fail "the symbiote was not seen at work"
	((try < 10)) || fail "lazy_cr4=N: still without them when CPU 1 idles"

	# The reader itself runs on CPU 1: then the symbiote does not.
	for ((i = 0; i < 15; i++)); do
		taskset -c 1 cat /proc/kel_cr4 >seen
		grep -q "^1 smep 1 smap 1\$" seen || fail "CPU 1 without them while a bystander runs there"
	done
	kill "$spin" 2>/dev/null || true
	wait "$spin" 2>/dev/null || true
done
for cpu in 0 1; do
	protected "$cpu" || fail "CPU $cpu without SMEP and SMAP afterwards"
done
