#!/bin/bash
# Module and `symbiote check` agree about this machine: what the one refuses to load for is "not ok" in the other, under
# the same name; and where nothing is "not ok" but that the module is not loaded, it loads. Two that are silent agree as
# well: what a boot is there for it says by kel_refused=NAME on the kernel's command line ("none": the module loads).
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

mark_log
symbiote check >said || true
sed -nE 's/^not ok +([a-z0-9-]+) .*/\1/p' said | grep -vxE 'module-loaded|module-installed' | sort >tool || true
if insmod "$RIG_MODULE" 2>error; then
	rmmod kelevate
else
	[[ ! -e /sys/module/kelevate ]] || fail "half loaded"
fi
dmesg | since_mark | sed -nE 's/.*kelevate: refused: ([a-z0-9-]+): .*/\1/p' | sort -u >module
[[ ! -s error || -s module ]] || { cat error && fail "it does not load and says nothing"; }
echo "# refused: $(paste -sd' ' module)"
diff module tool || { cat said && fail "they do not agree (<: module, >: symbiote check)"; }
wanted=$(sed -nE 's/.*\<kel_refused=([a-z0-9-]+).*/\1/p' /proc/cmdline)
case $wanted in
'') ;;
nohz-full)
	grep -qs '[0-9]' /sys/devices/system/cpu/nohz_full || skip "this kernel has no nohz_full"
	;;&
call-depth)
	grep -qs Stuffing /sys/devices/system/cpu/vulnerabilities/retbleed || skip "this kernel has no call depth tracking"
	;;&
none) [[ ! -s module ]] || fail "refused, and should not be" ;;
*) [[ $(<module) == "$wanted" ]] || fail "refused is not $wanted" ;;
esac
