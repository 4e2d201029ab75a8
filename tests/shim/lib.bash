# Shared by the shell tests of the shim. Sourced; not a test.
# SYMBIOTE_LIBRARY: the library under test, by default the tree's, else what is installed.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the tests
here=$(cd "$(dirname "$0")" && pwd)
helpers=${RIG_BUILD:-$here/../../build}/tests/helpers
library=${SYMBIOTE_LIBRARY:-}
for path in "$here/../../shim/libsymbiote.so" /usr/local/lib/symbiote/libsymbiote.so; do
	[[ $library ]] || [[ ! -e $path ]] || library=$path
done
[[ -e $library ]] || { echo "there is no libsymbiote.so"; exit 77; }
unset "${!SYMBIOTE_@}"
