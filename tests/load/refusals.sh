#!/bin/bash
# Each refusal of x86's table (kmod/arch/x86/check.c): with the feature pretended the module does not load, for that one reason,
# `symbiote check` says the same, and nothing is left. By tests/kmod/pretend, and for sev-es the module for trials.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

[[ $(uname -m) == x86_64 ]] || skip "x86's refusals"
source=$(dirname "$0")/../../kmod/arch/x86/check.c
[[ -e $source ]] || skip "without the module's sources"
helper_module snapshot

state() {
	cat /proc/kel_snapshot /sys/kernel/debug/kprobes/list
	grep '^[^ ]* *[0-9]* 0x' /proc/vmallocinfo || true
	grep -w '\[kelevate\]' /proc/kallsyms || true
}

# refused NAME MODULE [PARAMETER]
refused() {
	local mark="refusals.sh $1 $$"
	echo "$mark" >/dev/kmsg
	insmod "${@:2}" 2>error && fail "$1: it loads"
	grep -q 'not supported' error || { cat error && fail "$1: another error"; }
	dmesg | sed "1,/$mark/d" | grep 'kelevate: ' >log || true
	cat log
	[[ $(<log) == *"kelevate: refused: $1: "* && $(wc -l <log) == 1 ]] || fail "$1: that is not its one reason"
	[[ ! -e /sys/module/kelevate ]] || fail "$1: half loaded"
}

# told NAME: by the command as well
told() {
	symbiote check >said || true
	grep "^not ok   $1 " said || { cat said && fail "$1: symbiote check does not say it"; }
}

state >before
absent=
while read -r name; do
	case $name in
	kpti | cx16) continue ;; # boots have these: tests/boots
	sev-es)
		refused "$name" "$RIG_BUILD/trial/kelevate.ko" pretend="$name"
		;;
	*)
		if ! insmod "$modules/pretend.ko" name="$name" 2>error; then
			grep -q 'No such device' error || { cat error && fail "$name: cannot be pretended"; }
			absent+=" $name"
			continue
		fi
		helper_modules+=(pretend)
		refused "$name" "$RIG_MODULE"
		# the command asks Xen itself
		[[ $name == xen-pv ]] || told "$name"
		rmmod pretend
		unset "helper_modules[-1]"
		;;
	esac
	state >after
	diff before after >changes || { head -n 20 changes && fail "$name: something is left"; }
done < <(sed -nE 's/^\t\{ "([a-z0-9-]+)", has_.*/\1/p' "$source")
echo "# this kernel knows none of:$absent"
insmod "$RIG_MODULE" || fail "the module does not load any more"
"$helpers/symbiotes" 0.3 1 2 || fail "symbiotes fail"
for ((try = 0; ; try++)); do
	rmmod kelevate 2>/dev/null && break
	((try < 50)) || fail "cannot be unloaded"
	sleep 0.05
done
