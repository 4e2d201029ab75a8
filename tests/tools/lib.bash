# Shared by the tests of the command. Sourced; not a test.
# SYMBIOTE: the binary under test, by default what is installed.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the tests
set -u
symbiote=${SYMBIOTE:-symbiote}
library=${SYMBIOTE_LIBRARY:-/usr/local/lib/symbiote/libsymbiote.so}
unset LD_PRELOAD "${!SYMBIOTE_@}"
[[ -e $library ]] && export SYMBIOTE_LIBRARY=$library
scratch=$(mktemp -d)
children=()
trap 'kill -9 ${children[@]+"${children[@]}"} 2>/dev/null; rm -rf "$scratch"' EXIT
failed=0

skip() {
	echo "$*"
	exit 77
}

fail() {
	echo "FAIL: $*"
	failed=1
}

# same WHAT IS WANTED
same() {
	[[ $2 == "$3" ]] || fail "$1: '$2' instead of '$3'"
}

# match WHAT TEXT GLOB
match() {
	# shellcheck disable=SC2053 # a glob
	[[ $2 == $3 ]] || fail "$1: '$2' does not match '$3'"
}

# status WANTED COMMAND...: its output is in $output, standard error in $errors.
status() {
	local wanted=$1 got
	shift
	"$@" >"$scratch/stdout" 2>"$scratch/stderr"
	got=$?
	output=$(<"$scratch/stdout")
	errors=$(<"$scratch/stderr")
	[[ $got == "$wanted" ]] || fail "$*: status $got instead of $wanted: $output $errors"
}

# within SECONDS COMMAND...: succeeds by then.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

need_module() { [[ -d /sys/module/kelevate ]] || skip "the kelevate module is not loaded"; }
need_library() { [[ -e $library ]] || skip "no libsymbiote.so"; }
need_root() { ((EUID == 0)) || skip "not root"; }
# $fake [OPTIONS] -- COMMAND...: with a module that answers as the options say.
need_fake_module() {
	fake=${RIG_BUILD:-$(dirname "$0")/../../build}/tests/helpers/fake_module
	[[ -x $fake ]] || skip "no fake_module"
	"$fake" -- true || skip "fake_module cannot run here"
}
need() {
	local word
	for word; do
		type -P "$word" >/dev/null || skip "no $word"
	done
}

# "${without_module[@]}" COMMAND...: as on a machine where the module is not loaded. It execs.
without_module=(env)
# shellcheck disable=SC2016 # the inner shell expands
[[ ! -d /sys/module/kelevate ]] ||
	without_module=(unshare --mount sh -c 'mount -t tmpfs none /sys/module && exec "$@"' sh)

valid_json() { python3 -m json.tool >/dev/null; }

finish() { exit $((failed)); }
