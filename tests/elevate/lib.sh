# For shell tests: helper modules and symbiotes.
# shellcheck shell=bash

# shellcheck disable=SC2034 # those who source this
helpers=$RIG_BUILD/tests/helpers
modules=$RIG_BUILD/tests/kmod

# fail TEXT: exit status 1. skip TEXT: 77.
fail() { echo "$*" && exit 1; }
skip() { echo "$*" && exit 77; }

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
