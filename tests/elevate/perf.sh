#!/bin/bash
# perf's sampling of symbiotes: their samples are user samples, with their own symbols.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/lib.sh"

type perf >/dev/null 2>&1 || skip "no perf"
perf record -q -e cpu-clock -F 2000 -g -o perf.data "$helpers/symbiotes" 3 1 2 >log 2>&1 || {
	cat log
	fail "perf record or symbiotes failed"
}
perf script -i perf.data -F ip,sym 2>/dev/null >samples || fail "perf script failed"
grep -q 'work\b' samples || fail "no sample in the symbiotes' own function"
echo "$(grep -c 'work\b' samples) lines in work()"
