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

# refused NAME MODULE [PARAMETER]
refused() {
	load_refused "$1: " "${@:2}"
	cat log
	grep -q 'not supported' error || { cat error && fail "$1: another error"; }
}

# told NAME: by the command as well
told() {
	symbiote check >said || true
	grep "^not ok   $1 " said || { cat said && fail "$1: symbiote check does not say it"; }
}

kernel_state >before
absent=
while read -r name; do
	case $name in
	kpti | cx16) continue ;; # boots have these: tests/boots
	sev-es)
		trial=$RIG_BUILD/trial/kelevate.ko
		if ! modinfo -F parm "$trial" | grep -q '^pretend:'; then
			absent+=" $name"
			continue
		fi
		refused "$name" "$trial" pretend="$name"
		;;
	*)
		if ! insmod "$modules/pretend.ko" name="$name" 2>error; then
			grep -q 'No such device' error || { cat error && fail "$name: cannot be pretended"; }
			absent+=" $name"
			continue
		fi
		helper_modules+=(pretend)
		refused "$name" "$RIG_MODULE"
		# the command asks Xen itself, and sysfs
		[[ $name == xen-pv || $name == call-depth ]] || told "$name"
		rmmod pretend
		unset "helper_modules[-1]"
		;;
	esac
	kernel_state >after
	diff before after >changes || { head -n 20 changes && fail "$name: something is left"; }
done < <(sed -nE 's/^\t\{ "([a-z0-9-]+)", has_.*/\1/p' "$source")
echo "# this kernel knows none of:$absent"
insmod "$RIG_MODULE" || fail "the module does not load any more"
"$helpers/symbiotes" 0.3 1 2 || fail "symbiotes fail"
unload kelevate
