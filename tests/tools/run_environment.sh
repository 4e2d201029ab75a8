#!/bin/bash
# run: only what was asked for is added to the environment.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

vars() { "$@" env | grep -E '^(SYMBIOTE_(MODE|STRICT|VERBOSE)|HOME|USER)=' | sort | tr '\n' ' '; }
export HOME=/somewhere USER=somebody
same "no options" "$(vars "$symbiote" run)" "HOME=/somewhere USER=somebody "
same "mode off" "$(vars "$symbiote" run --mode off)" "HOME=/somewhere SYMBIOTE_MODE=off USER=somebody "
same "option over variable" "$(SYMBIOTE_MODE=resident vars "$symbiote" run -m off)" \
	"HOME=/somewhere SYMBIOTE_MODE=off USER=somebody "
same "variable alone" "$(SYMBIOTE_MODE=off vars "$symbiote" run)" "HOME=/somewhere SYMBIOTE_MODE=off USER=somebody "
# off is no failure
status 0 "$symbiote" run --mode off --strict true
finish
