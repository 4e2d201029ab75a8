#!/bin/bash
# The equivalence runner again, in bracketed mode.
here=$(cd "$(dirname "$0")" && pwd)
exec "${RIG_BUILD:-$here/../../build}/tests/equiv/equiv" --mode bracketed "$@"
