#!/bin/bash
# check with the module loaded: ready, and no requirement that the module met is called unmet.
# Without it, or without the privilege: not ready, and it says which.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_module
need_library
need setpriv

status 0 "$symbiote" check
match "last line" "$output" "*ready*"
match "system call" "$output" "*ok       system-call        number +([0-9]), registered by @(table|kprobe)*"
hook=$(cat /sys/module/kelevate/parameters/nr)
match "number" "$output" "*number $hook,*"
status 1 "${without_module[@]}" "$symbiote" check
match "without the module" "$output" "*not ok   module-loaded      not loaded; remedy: modprobe kelevate*"
status 1 setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all "$symbiote" check
match "ordinary user" "$output" "*not ok   privilege*"
finish
