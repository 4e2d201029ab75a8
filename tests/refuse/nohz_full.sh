#!/bin/bash
# With an active nohz_full the module does not load, and says why.
set -eu
if ! grep -qs '[0-9]' /sys/devices/system/cpu/nohz_full; then
	echo "this kernel has no nohz_full"
	exit 77
fi
if insmod "$RIG_MODULE"; then
	echo "it loads"
	exit 1
fi
dmesg | grep 'kelevate: refused: nohz-full'
[[ ! -e /sys/module/kelevate ]]
