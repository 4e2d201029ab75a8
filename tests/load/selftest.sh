#!/bin/bash
# When a step of the self-test fails, the module does not load and says which; nothing of it is left: tables, hooks, CR4,
# kprobes, files, memory. And then the ordinary one loads, and elevates. With the module for trials: tests/kmod/trial.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

trial=$RIG_BUILD/trial/kelevate.ko
helper_module snapshot

# refused PARAMETER TEXT
refused() {
	load_refused "self-test: $2" "$trial" "$1"
	cat log
	kernel_state >after
	diff before after >changes || { head -n 20 changes && fail "$1: something is left"; }
	insmod "$RIG_MODULE" || fail "$1: the ordinary module does not load any more"
	"$helpers/symbiotes" 0.3 1 2 || fail "$1: symbiotes fail"
	unload kelevate
}
kernel_state >before
refused fail=probe 'no kprobe on a function of ours'
refused fail=divert 'a kprobe does not divert a function'
if [[ $(uname -m) == x86_64 ]]; then
	refused fail=table 'a gate does not lead to the module and back'
	refused fail_gate=1 'a gate does not lead to the module and back'
	refused fail=text "user text does not run in the kernel's mode"
fi
