#!/bin/bash
# With page table isolation the module does not load, and says why.
set -eu
grep -q 'pti=on' /proc/cmdline || { echo "needs a kernel booted with pti=on" && exit 77; }
if insmod "$RIG_MODULE"; then
	echo "it loads"
	exit 1
fi
dmesg | grep 'kelevate: refused: kpti'
[[ ! -e /sys/module/kelevate ]]
