#!/bin/bash
# Every test program of this directory, with a fake module: its gate, unlike
# the real one, is there on every machine.
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=${RIG_BUILD:-$here/../../build}/tests
failed=0
for source in "$here"/*.c; do
	test=$(basename "$source" .c)
	for gate in "" --clobber; do
		# The clobbering gate has a frame that cannot be unwound.
		[[ $gate && $test == cancel* ]] && continue
		out=$(FAKE_MODULE=1 timeout 100 "$build/helpers/fake_module" $gate -- "$build/shim/$test" 2>&1)
		status=$?
		if ((status == 77)); then
			echo "${out##*$'\n'}"
			exit 77
		elif ((status)); then
			echo "not ok: $test with gate $gate: status $status: $out"
			failed=1
		fi
	done
done
exit $failed
