#!/bin/bash
# PXN, which forbids user text to the kernel's own mode, is taken from the pages that elevated text has executed
# and from no other, and comes back when the kernel writes the entry.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

[[ $(uname -m) == aarch64 ]] || skip "PXN is arm64's"
helper_module pxn
"$helpers/pxn" || fail "pxn failed, status $?"
