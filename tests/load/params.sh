#!/bin/bash
# Bad parameters: the load fails, the kernel log says why, and the machine is as it was.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

helper_module snapshot
cat /proc/kel_snapshot >before
# refused PARAMETERS PATTERN: PATTERN is in what the log says of it.
refused() {
	mark_log
	# shellcheck disable=SC2086 # words
	insmod "$RIG_MODULE" $1 2>error && fail "$1: it loads"
	dmesg | since_mark >log
	grep -q "kelevate: refused: .*$2" log || { cat log error && fail "$1: no line that matches $2"; }
	[[ ! -e /sys/module/kelevate ]] || fail "$1: half loaded"
	cat /proc/kel_snapshot >after
	cmp -s before after || { diff before after | head && fail "$1: something changed"; }
}
refused hook=foo 'hook=foo'
refused hook= 'hook='
refused nr=0 'number 0 is in use'
refused nr=39 'number 39 is in use'
refused "nr=39 hook=kprobe" 'number 39 is in use'
refused nr=9999 'nr=9999'
refused nr=4294967295 'nr=4294967295'
if [[ $(uname -m) == x86_64 ]]; then
	for vector in 3 14 28 256; do
		refused vector=$vector "vector=$vector"
	done
fi

# A kernel that does not dispatch by its table any more: some that distributions call 6.1, too.
good=("nr=401 vector=27" "nr=388 hook=kprobe deep=0")
if grep -qw x64_sys_call /proc/kallsyms; then
	refused hook=table 'hook=table, but this kernel does not dispatch through sys_call_table'
else
	good+=("nr=420 hook=table")
fi

insmod "$RIG_MODULE" nr=notanumber 2>/dev/null && fail "nr=notanumber loads"

# Good ones, of both kinds, and nobody hard-codes any.
for params in "${good[@]}"; do
	# shellcheck disable=SC2086 # words
	insmod "$RIG_MODULE" $params || fail "$params: does not load"
	[[ $params == "nr=$(cat /sys/module/kelevate/parameters/nr)"* ]] || fail "$params: sysfs has another number"
	"$helpers/symbiotes" 0.5 1 2 || fail "$params: symbiotes fail"
	unload kelevate
done
cat /proc/kel_snapshot >after
cmp -s before after || fail "something changed"
