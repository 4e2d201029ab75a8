#!/bin/bash
# When a step of the self-test fails, the module does not load and says which; nothing of it is left: tables, hooks, CR4,
# kprobes, files, memory. And then the ordinary one loads, and elevates. With the module for trials: tests/kmod/trial.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

trial=$RIG_BUILD/trial/kelevate.ko
helper_module snapshot

# state NAME: with the memory that was allocated by text that is there no more: without a name.
state() {
	{
		cat /proc/kel_snapshot /sys/kernel/debug/kprobes/list
		ls -d /sys/module/kelevate /sys/kernel/debug/kelevate 2>/dev/null || true
		grep '^[^ ]* *[0-9]* 0x' /proc/vmallocinfo || true
		grep -w '\[kelevate\]' /proc/kallsyms || true
	} >"$1"
}

# refused PARAMETER TEXT
refused() {
	local mark="selftest.sh $1 $$"
	echo "$mark" >/dev/kmsg
	insmod "$trial" "$1" 2>error && fail "$1: it loads"
	state after
	dmesg | sed "1,/$mark/d" | grep 'kelevate: ' >log || true
	cat log
	[[ $(<log) == *"kelevate: refused: self-test: $2"* && $(wc -l <log) == 1 ]] || fail "$1: that is not its one reason"
	diff before after >changes || { head -n 20 changes && fail "$1: something is left"; }
	insmod "$RIG_MODULE" || fail "$1: the ordinary module does not load any more"
	"$helpers/symbiotes" 0.3 1 2 || fail "$1: symbiotes fail"
	for ((try = 0; ; try++)); do
		rmmod kelevate 2>/dev/null && break
		((try < 50)) || fail "cannot be unloaded"
		sleep 0.05
	done
}
state before
refused fail=probe 'no kprobe on a function of ours'
refused fail=divert 'a kprobe does not divert a function'
if [[ $(uname -m) == x86_64 ]]; then
	refused fail=table 'a gate does not lead to the module and back'
	refused fail_gate=1 'a gate does not lead to the module and back'
	refused fail=text "user text does not run in the kernel's mode"
fi
