#!/bin/bash
# However the start-up ends, the program runs as it would have; it is said once,
# when that was asked for; strict ends it with 125.
set -u
# shellcheck source=tests/shim/lib.bash
. "$(dirname "$0")/lib.bash"


# attempt STATUS PATTERN [VARIABLE=VALUE...] [-- fake_module options]
# The program's status and stdout are always right, and stderr is exactly one
# line that matches, or nothing when there is no pattern.
failed=0
attempt() {
	local status=$1 pattern=$2 variables=() fake=() out err got
	shift 2
	while (($#)) && [[ $1 != -- ]]; do variables+=("$1"); shift; done
	if (($#)); then shift; fake=("$helpers/fake_module" "$@" --); fi

	out=$("${fake[@]}" env LD_PRELOAD="$library" "${variables[@]}" \
		/bin/bash -c 'exec 3>&2 2>/dev/null; echo "out $PPID" | sed s/[0-9].*/put/; exit 3' 2>stderr)
	got=$?
	# env and sed have their say as well
	err=$(grep -v -e '^symbiote: env:' -e '^symbiote: sed:' stderr)
	if ((got == 77)) && ((${#fake[@]})); then
		echo "$out"
		exit 77
	fi
	if ((got != status)) || { ((status != 125)) && [[ $out != "out put" ]]; }; then
		echo "not ok: ${variables[*]} ${fake[*]}: status $got, output '$out'"
		failed=1
	fi
	if [[ $pattern && ! $err =~ ^symbiote:\ bash:\ .*$pattern ]] ||
	   [[ ! $pattern && $err ]] || [[ $err == *$'\n'* ]]; then
		echo "not ok: ${variables[*]} ${fake[*]}: said '$err'"
		failed=1
	fi
}

# Nonsense: one line, with the value, the variable and what is allowed.
off=SYMBIOTE_MODE=off
attempt 3 "SYMBIOTE_MODE=fast is not valid, resident is used: .*resident, bracketed or off" SYMBIOTE_MODE=fast
attempt 3 "SYMBIOTE_CALLS=read,reed is not valid" $off SYMBIOTE_CALLS=read,reed
attempt 3 "SYMBIOTE_VERBOSE=many is not valid.*0, 1 or 2" $off SYMBIOTE_VERBOSE=many
attempt 3 "SYMBIOTE_STRICT=yes is not valid.*0 or 1" $off SYMBIOTE_STRICT=yes
attempt 3 "SYMBIOTE_MODE=a.b.* is not valid" "SYMBIOTE_MODE=a"$'\n'"b"$'\e'"[1m"
attempt 3 "" $off SYMBIOTE_CALLS=
attempt 3 "" $off SYMBIOTE_STRICT=1
attempt 3 "switched off" $off SYMBIOTE_VERBOSE=1

# What a module may answer.
v=SYMBIOTE_VERBOSE=1
attempt 3 "" -- 
attempt 3 "" $v --
attempt 3 "elevated, resident; " SYMBIOTE_VERBOSE=2 --
attempt 3 "elevated, bracketed; 1 of " SYMBIOTE_VERBOSE=2 SYMBIOTE_MODE=bracketed SYMBIOTE_CALLS=read --
attempt 3 "version 7 of the interface, shim .* version 1" $v -- --abi 7
attempt 3 "" -- --abi 7
attempt 3 "Operation not permitted" $v -- --elevate 1
attempt 3 "granted" $v -- --state 0
attempt 3 "refused" $v -- --elevate 95
attempt 3 "refused" $v -- --query 12
attempt 3 "does not know" $v -- --query 38
attempt 3 "no gate" $v -- --no-gate
attempt 3 "number is unreadable" $v -- --number ""
attempt 3 "number is unreadable" $v -- --number "600x"
attempt 3 "number is unreadable" $v -- --number "-1"
attempt 3 "number is unreadable" $v -- --number "99999999999999999999"

# strict PATTERN VARIABLE=VALUE...: ends with one line that matches, and the program does not run.
strict() {
	local status=0 pattern=$1
	shift
	env LD_PRELOAD="$library" SYMBIOTE_STRICT=1 "$@" /bin/echo no >stdout 2>stderr || status=$?
	if ((status != 125)) || [[ -s stdout ]] || [[ ! $(<stderr) =~ ^symbiote:\ echo:\ $pattern$ ]]; then
		echo "not ok: strict $*: status $status"; cat stdout stderr; failed=1
	fi
}
if [[ ! -e /sys/module/kelevate ]]; then
	attempt 3 "not loaded" $v
	attempt 3 ""
	strict "not elevated: the kelevate module is not loaded"
fi
for value in MODE=x CALLS=reed VERBOSE=x; do
	strict "SYMBIOTE_$value is not valid: it can be .*" "SYMBIOTE_$value"
done

# The environment is passed on as it is.
before=$(env -i A=b LD_PRELOAD="$library" SYMBIOTE_MODE=off SYMBIOTE_CALLS=none /usr/bin/env)
[[ $before == "A=b
LD_PRELOAD=$library
SYMBIOTE_MODE=off
SYMBIOTE_CALLS=none" ]] || { echo "not ok: environment: $before"; failed=1; }

exit $failed
