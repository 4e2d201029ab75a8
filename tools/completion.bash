# bash completion for symbiote
# SPDX-License-Identifier: GPL-2.0
#
# Completes with bash alone; with the bash-completion package, the arguments
# of the program behind `symbiote run` are completed as that program's own.

_symbiote_run() {
	local i word

	# the first word that is no option of ours is the program
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--)
			((i++))
			break
			;;
		-m | --mode | -u | --user) ((i++)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < COMP_CWORD)); then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	fi
	case $prev in
	-m | --mode)
		mapfile -t COMPREPLY < <(compgen -W "resident bracketed off" -- "$cur")
		return
		;;
	-u | --user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--mode --user --dry-run
			--strict --verbose --help --" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	fi
}

# The processes that carry the shim: what stat can say something about.
_symbiote_pids() {
	local maps

	for maps in /proc/[0-9]*/maps; do
		if grep -qs libsymbiote.so "$maps"; then
			maps=${maps#/proc/}
			echo "${maps%/maps}"
		fi
	done
}

_symbiote() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "run check stat version help --help" -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]} in
	run) _symbiote_run ;;
	check) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$cur") ;;
	stat)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "--watch --json --help" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_symbiote_pids)" -- "$cur")
		fi
		;;
	version) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$cur") ;;
	esac
}

complete -F _symbiote symbiote
