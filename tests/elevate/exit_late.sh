#!/bin/bash
# Nothing is taken away while a killed process gives back its memory, however long that takes, and its CPUs know of nobody afterwards.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

(($(nproc) > 1)) || skip "one CPU"
helper_module late_exit
"$helpers/exit_late"
late=/sys/module/late_exit/parameters
(($(<$late/waited) >= 2)) || fail "the threads did not wait for each other: $(<$late/waited)"
(($(<$late/late) > 0)) || fail "no memory was given back late"
sleep 2		# the machinery goes
"$helpers/symbiotes" 1 2 4
