#!/bin/bash
# Where only signed modules may be loaded, ours is refused by the kernel as it is built here, and `symbiote check` says
# what is missing. How a key of one's own is trusted: tests/signing.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

[[ $(</sys/module/module/parameters/sig_enforce) == Y ]] || skip "needs a kernel booted with module.sig_enforce=1"
symbiote check >said || true
grep '^unknown  module-signature .*sign the module' said || { cat said && fail "symbiote check does not say it"; }
insmod "$RIG_MODULE" 2>error && fail "it loads"
cat error
grep -qi 'key\|permitted\|signature' error || fail "another error"
dmesg | tail -n 20 | grep 'kelevate.*\(signature\|verification\)\|Loading of unsigned module is rejected' ||
	fail "nothing about it in the kernel log"
status=0
symbiote run --strict true 2>error || status=$?
cat error
((status == 125)) || fail "symbiote run --strict: status $status"
