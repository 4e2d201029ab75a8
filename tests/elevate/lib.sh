# For shell tests: helper modules and symbiotes.
# shellcheck shell=bash

# shellcheck disable=SC2034 # those who source this
helpers=$RIG_BUILD/tests/helpers
modules=$RIG_BUILD/tests/kmod

# fail TEXT: exit status 1. skip TEXT: 77.
fail() { echo "$*" && exit 1; }
skip() { echo "$*" && exit 77; }

# until_true TEXT COMMAND...: within 20 s.
until_true() {
	local text=$1 i
	shift
	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.1
	done
	fail "$text"
}

# kill_cgroup DIRECTORY: at once, from 5.14 on; before, one after the other.
kill_cgroup() {
	if [[ -e $1/cgroup.kill ]]; then
		echo 1 >"$1/cgroup.kill"
	else
		xargs -r kill -KILL <"$1/cgroup.procs"
	fi
}

# remove_cgroup DIRECTORY: whoever is in it is killed.
remove_cgroup() {
	local i
	kill_cgroup "$1"
	for ((i = 0; i < 100; i++)); do
		rmdir "$1" 2>/dev/null && break
		sleep 0.1
	done
}

# first_symbol NAME...: the first that this kernel has.
first_symbol() {
	local name
	for name; do
		grep -qw "$name" /proc/kallsyms && echo "$name" && return
	done
	fail "no symbol of $*"
}

# helper_module NAME [PARAMETER...]: loaded until the test ends.
helper_modules=()
helper_module() {
	[[ -e $modules/$1.ko ]] || skip "no helper module $1"
	insmod "$modules/$1.ko" "${@:2}" || fail "helper module $1 does not load"
	helper_modules+=("$1")
}

# shellcheck disable=SC2317 # the trap calls it
remove_helpers() {
	local name
	for name in "${helper_modules[@]}"; do
		rmmod "$name" || true
	done
}
trap remove_helpers EXIT

# unload MODULE: its users may go a moment after the last process.
unload() {
	local i
	for ((i = 0; i < 100; i++)); do
		rmmod "$1" 2>/dev/null && return
		sleep 0.1
	done
	fail "$1 cannot be unloaded"
}

# kernel_state: what a module that did not load may have left (helper module snapshot). Memory that was allocated by
# text that is there no more has no name.
kernel_state() {
	cat /proc/kel_snapshot /sys/kernel/debug/kprobes/list
	ls -d /sys/module/kelevate /sys/kernel/debug/kelevate 2>/dev/null || true
	grep '^[^ ]* *[0-9]* 0x' /proc/vmallocinfo || true
	grep -w '\[kelevate\]' /proc/kallsyms || true
}

# mark_log; later, dmesg | since_mark: the kernel log's lines from then on.
mark_log() {
	log_mark="mark $$.$RANDOM.$EPOCHREALTIME"
	echo "$log_mark" >/dev/kmsg
}
since_mark() { sed "1,/$log_mark/d"; }

# load_refused TEXT MODULE [PARAMETER...]: it does not load, with one line in the log, "refused: TEXT...".
# What insmod said is in the file `error`, the line in `log`.
load_refused() {
	mark_log
	insmod "${@:2}" 2>error && fail "${*:2}: it loads"
	dmesg | since_mark | grep 'kelevate: ' >log || true
	[[ $(<log) == *"kelevate: refused: $1"* && $(wc -l <log) == 1 ]] ||
		{ cat error log && fail "${*:2}: its one reason is not: $1"; }
	[[ ! -e /sys/module/kelevate ]] || fail "${*:2}: half loaded"
}
