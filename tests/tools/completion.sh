#!/bin/bash
# The bash completion loads and completes commands, options and values.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/lib.bash"

for file in "$(dirname "$0")/../../tools/completion.bash" /usr/local/share/bash-completion/completions/symbiote; do
	[[ -e $file ]] && break
done
[[ -e $file ]] || skip "no completion file"
# shellcheck source=/dev/null
. "$file" || fail "it does not load"
complete -p symbiote >/dev/null || fail "nothing is registered"

# complete_line WORD...: the last one is being typed
complete_line() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_symbiote
	echo "${COMPREPLY[*]}"
}

same commands "$(complete_line symbiote '')" "run check stat version help --help"
same command "$(complete_line symbiote s)" stat
same mode "$(complete_line symbiote run --mode b)" bracketed
same option "$(complete_line symbiote run --dr)" --dry-run
same option "$(complete_line symbiote stat --j)" --json
match user "$(complete_line symbiote run --user roo)" "*root*"
match program "$(complete_line symbiote run bas)" "*bash*"
match "the program's arguments" "$(cd / && complete_line symbiote run cat et)" "*etc*"
same "options of the program are not ours" "$(complete_line symbiote run ls --mode b)" "$(compgen -f b | paste -sd" ")"
finish
