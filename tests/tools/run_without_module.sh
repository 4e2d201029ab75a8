#!/bin/bash
# run with no module: the program runs as without, --verbose says why once, --strict does not run it.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"
need_root
need_library

status 3 "${without_module[@]}" "$symbiote" run sh -c 'echo out; echo err >&2; exit 3'
same stdout "$output" out
same stderr "$errors" err
status 0 "${without_module[@]}" "$symbiote" run --verbose sh -c 'echo out'
same "stdout, verbose" "$output" out
same "stderr, verbose" "$errors" "symbiote: sh runs without elevation: the kelevate module is not loaded"
status 125 "${without_module[@]}" "$symbiote" run --strict touch "$scratch/ran"
match "stderr, strict" "$errors" "symbiote: touch is not run: the kelevate module is not loaded*remedy: modprobe kelevate"
[[ -e $scratch/ran ]] && fail "--strict ran the program"
# that it is switched off is said by the shim, as with the module
status 0 "${without_module[@]}" "$symbiote" run --verbose --mode off echo out
same "stderr, off" "$errors" "symbiote: echo: not elevated: switched off by SYMBIOTE_MODE=off"
finish
