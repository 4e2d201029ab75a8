#!/bin/bash
# Another module has a kprobe where kelevate (hook=kprobe) has its own: whoever came first and whoever goes first,
# both work while they are there, and the function is as it was when both have gone.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

case $(uname -m) in
x86_64) probed=(__x64_sys_ni_syscall) ;;
*) probed=(__arm64_sys_ni_syscall arm64_force_sig_fault force_signal_inject) ;;
esac

unknown_call() { perl -e "exit(syscall($1) != -1)" || fail "the unknown call $1 is known"; }

# a jump to zeros, which are no instruction
no_instruction() {
	python3 -c 'import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=7)
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()'
}

kelevate_works() { "$helpers/symbiotes" 0.5 1 2 || fail "$how: symbiotes fail"; }

neighbour_works() {
	local before after
	before=$(<$entered)
	case $function in
	*ni_syscall) unknown_call 401 ;;
	*sig_fault) ! perl -e 'unpack "p", pack "Q", 8' || fail "no SIGSEGV" ;;
	*) ! no_instruction || fail "no SIGILL" ;;
	esac
	after=$(<$entered)
	((after > before)) || fail "$how: the other module's probe is not hit"
}

load() {
	case $1 in
	kelevate) insmod "$RIG_MODULE" hook=kprobe || fail "$how: kelevate does not load" ;;
	neighbour) insmod "$modules/neighbour.ko" only="$function" || fail "$how: the other module does not load" ;;
	esac
	"$1_works"
}

helper_module snapshot
cat /proc/kel_snapshot >before
entered=/sys/module/neighbour/parameters/entered
for function in "${probed[@]}"; do
	for order in "kelevate neighbour" "neighbour kelevate"; do
		read -r first second <<<"$order"
		for gone in kelevate neighbour; do
			stays=kelevate
			[[ $gone == neighbour ]] || stays=neighbour
			how="$function, $first first, $gone goes first"
			load "$first"
			if [[ $first == neighbour ]] && grep -q FTRACE /sys/kernel/debug/kprobes/list; then
				# The kernel keeps ftrace's probes with a handler for afterwards apart, takes all of an address
				# for such when one more has it, and warns when the last of them goes: docs/SUPPORT.md.
				echo "# not with a probe of ftrace there before: $function"
				unload "$first"
				continue
			fi
			load "$second"
			"${first}_works"
			echo "$how: hit $(<$entered) times"
			unload "$gone"
			"${stays}_works"
			unload "$stays"
			unknown_call 400
			cat /proc/kel_snapshot >after
			cmp before after || { diff before after | head && fail "$how: something is left"; }
		done
	done
done
