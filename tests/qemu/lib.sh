# shellcheck shell=bash disable=SC2034
# Shared by the rig's scripts (source it): rows of the kernel table, what differs
# between architectures, the cache, missing packages, private apt.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
qemu_dir=$repo/tests/qemu
cache=${SYMBIOTE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/symbiote}

step() { printf '==> %s\n' "$*" >&2; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 125
}

# The user land of every guest: rows differ in their kernel only, and what is built here runs there.
user_suite=bookworm

# load_row NAME: sets row, suite, arch, tcg, image_package, headers_package, row_append,
# row_cache (what was fetched), row_build (what was built), and the arch's settings.
load_row() {
	row=$1
	local line
	line=$(awk -v row="$row" '$1 == row' "$qemu_dir/kernels")
	[[ $line ]] || die "no row '$row' in tests/qemu/kernels; there are: $(rows | paste -sd' ')"
	read -r _ suite arch tcg image_package headers_package row_append <<<"$line"
	[[ $row_append == - ]] && row_append=
	row_cache=$cache/kernels/$row
	row_build=$repo/build/$row
	load_arch
}

rows() { awk 'NF && !/^#/ { print $1 }' "$qemu_dir/kernels"; }

# Everything that differs between architectures, and nothing else does.
load_arch() {
	case $arch in
	amd64)
		qemu=qemu-system-x86_64 qemu_package=qemu-system-x86
		machine=q35 console=ttyS0
		# -erms,-fsrm: under TCG string instructions cost a lot more than on hardware.
		cpu=max,-erms,-fsrm
		# Without these the kernel distrusts TCG's TSC and reads the HPET, which dominates timing.
		arch_append="tsc=reliable clocksource=tsc"
		kernel_arch=x86 gnu_type=x86_64-linux-gnu
		;;
	arm64)
		qemu=qemu-system-aarch64 qemu_package=qemu-system-arm
		machine=virt console=ttyAMA0
		cpu=neoverse-n1
		arch_append=
		kernel_arch=arm64 gnu_type=aarch64-linux-gnu
		;;
	*)
		die "row '$row': architecture '$arch' is not known to tests/qemu/lib.sh"
		;;
	esac
	host_arch=$(dpkg --print-architecture)
	if [[ $arch == "$host_arch" ]]; then
		cross_compile=
	else
		cross_compile=$gnu_type-
	fi
}

# need COMMAND:PACKAGE...: installs the packages whose command is missing.
need() {
	local word missing=()
	for word; do
		PATH=$PATH:/usr/sbin:/sbin type -P "${word%%:*}" >/dev/null || missing+=("${word#*:}")
	done
	need_packages "${missing[@]}"
}

# need_packages PACKAGE...: installs them, or says what to install.
need_packages() {
	(($#)) || return 0
	if ((EUID)); then
		die "missing packages; install them first: apt-get install $*"
	fi
	step "installing $*"
	mkdir -p "$cache"
	(	# one at a time: apt-get update waits for nobody
		flock 9
		apt-get -q update >/dev/null
		DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" \
			</dev/null >/dev/null 9>&-
	) 9>"$cache/.apt.lock"
}

# debian_sources SUITE[@release]: sources of a suite on the mirror that this machine's apt uses; @release: without its
# updates, of which mirrors do not keep everything when the suite is old.
debian_sources() {
	local suite=${1%@release} base main security keyring options=
	base=${suite%-backports}
	debian_uris
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[[ -e $keyring ]] && options="[signed-by=$keyring]"
	echo "deb $options $main $base main"
	[[ $1 != *@release && ! $base =~ ^(sid|unstable)$ ]] || return 0
	echo "deb $options $main $base-updates main"
	[[ $security ]] && echo "deb $options $security $base-security main"
	[[ $base == "$suite" ]] || echo "deb $options $main $suite main"
}

# Sets main and security to the URIs of the Debian archives in apt's configuration.
debian_uris() {
	local uri release
	main=${SYMBIOTE_MIRROR:-} security=${SYMBIOTE_SECURITY_MIRROR:-}
	# shellcheck disable=SC2016 # apt's own variables
	while read -r uri release; do
		case $release in
		*-security) security=${security:-$uri} ;;
		*-*) ;;
		*) main=${main:-$uri} ;;
		esac
	done < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(IDENTIFIER) $(LABEL)' |
		awk '$3 == "main" && $4 == "Packages" && $5 ~ /^Debian/ { print $1, $2 }')
	[[ $main ]] || die "apt's configuration names no Debian mirror (run 'apt-get update'?); set SYMBIOTE_MIRROR"
}

# private_apt DIR COMMAND...: an apt command with its own state, which sees nothing
# installed, and the sources in DIR/sources.list.
private_apt() {
	local dir=$1 command=$2 default=()
	shift 2
	[[ $suite == *-backports ]] && default=(-o APT::Default-Release="$suite")
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/state/status"
	"$command" -q -o Dir::State="$dir/state" -o Dir::State::status="$dir/state/status" \
		-o Dir::Cache="$dir/cache" -o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o APT::Architecture="$arch" -o APT::Architectures="$arch,$host_arch" \
		-o APT::Sandbox::User=root "${default[@]}" "$@"
}

# lock FILE: held until the script ends; a second one waits.
lock() {
	mkdir -p "$(dirname "$1")"
	exec {lock_fd}>"$1"
	flock "$lock_fd"
}
