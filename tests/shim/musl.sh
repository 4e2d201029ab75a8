#!/bin/bash
# A program of musl's that an elevated one executes starts and runs, and says why it is not elevated.
# shellcheck source=tests/shim/lib.bash
. "$(dirname "$0")/lib.bash"

compgen -G '/lib/ld-musl-*.so.1' >/dev/null || { echo "no musl"; exit 77; }
out=$(env LD_PRELOAD="$library" SYMBIOTE_VERBOSE=1 "$helpers/musl" 2>&1)
status=$?
wanted="symbiote: musl: not elevated: the program's C library is not glibc
ran"
[[ $status == 0 && $out == "$wanted" ]] || { echo "status $status: $out"; exit 1; }
env LD_PRELOAD="$library" SYMBIOTE_STRICT=1 "$helpers/musl" 2>/dev/null
status=$?
[[ $status == 125 ]] || { echo "strict: status $status"; exit 1; }
