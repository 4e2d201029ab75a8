#!/bin/bash
# The drop-ins of symbiote-run(1), SERVICES, as they stand there, on the units as Debian has them: the servers are
# elevated, run as their own users, and answer. Without a drop-in, each directive that docs/SUPPORT.md names keeps a program
# from being elevated, and those that it calls harmless do not.
# shellcheck source=tests/tools/lib.bash
. "$(dirname "$0")/../tools/lib.bash"
need_root
need_module
systemd=/lib/systemd/systemd
[[ -x $systemd ]] || skip "no systemd in this guest"
need nsenter systemctl systemd-analyze redis-cli memcached
top=$(cd "$(dirname "$0")/../.." && pwd)
units=/run/systemd/system
mkdir -p $units

# systemd as in a container: first process of a namespace, and no more than what the services want.
for unit in systemd-{firstboot,hwdb-update,journal-flush,machine-id-commit,modules-load,random-seed,remount-fs,sysusers,tmpfiles-setup,tmpfiles-setup-dev,udevd,update-utmp}.service; do
	ln -s /dev/null "$units/$unit"
done
printf '[Unit]\nDefaultDependencies=no\n' >$units/rig.target
unshare --pid --fork --kill-child --mount --mount-proc --cgroup env -i container=rig PATH="$PATH" \
	$systemd --system --unit=rig.target --log-target=kmsg --show-status=no &
children+=("$!")
# inside COMMAND...: systemd answers nobody whose pid it cannot see
inside() { nsenter --target "$(pgrep -P "${children[0]}")" --pid --mount --cgroup "$@"; }
# shellcheck disable=SC2317 # within calls it
started() { inside systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)$'; }
within 300 started || { fail "systemd does not start: $(inside systemctl is-system-running 2>&1)" && finish; }

# drop_in UNIT: of the manual
drop_in() {
	sed 's/\\-/-/g; s/\\e$/\\/' "$top/docs/man/symbiote-run.1" |
		awk -v edit="# systemctl edit $1" '$0 == edit { found = 1; next } /^\.fi/ { found = 0 } found'
}

# elevated COMMAND USER: such a process is, with shortcuts, and as that user
elevated() {
	local pid
	pid=$(pgrep -x "$1") || { fail "$1 does not run" && return; }
	same "user of $1" "$(ps -o user= -p "$pid")" "$2"
	symbiote stat "$pid" >"$scratch/stat" || fail "stat of $1"
	match "$1" "$(<"$scratch/stat")" "*shortcuts taken: [1-9]*"
}

# service UNIT: with its drop-in
service() {
	mkdir -p "$units/$1.service.d"
	drop_in "$1" >"$units/$1.service.d/override.conf"
	grep -q '^ExecStart=+' "$units/$1.service.d/override.conf" || fail "no drop-in for $1 in the manual"
	inside systemctl daemon-reload
	status 0 inside systemd-analyze verify --man=no "$1.service"
	status 0 inside systemctl restart "$1"
}

service redis-server
within 60 redis-cli ping >/dev/null || fail "redis-server does not answer"
same reply "$(redis-cli set key value)" OK
same reply "$(redis-cli get key)" value
elevated redis-server redis
status 0 inside systemctl stop redis-server

service memcached
# shellcheck disable=SC2317
answers() {
	exec 5<>/dev/tcp/127.0.0.1/11211 || return
	printf 'set key 0 0 5\r\nvalue\r\nget key\r\nquit\r\n' >&5
	[[ $(timeout 5 cat <&5) == *$'\r\nvalue\r\nEND\r' ]]
}
within 60 answers 2>/dev/null || fail "memcached does not answer"
elevated memcached memcache
status 0 inside systemctl stop memcached

# directive SAID DIRECTIVES: what the command says in a service that has these; no table of docs/SUPPORT.md may lack them.
wanted=() directives=()
directive() {
	wanted+=("$1") directives+=("$2")
	printf '%s\n' '[Service]' Type=oneshot 'ExecStart=/usr/local/bin/symbiote run -v -v -- /bin/echo ran' \
		"StandardOutput=append:$scratch/said.${#wanted[@]}" "StandardError=append:$scratch/said.${#wanted[@]}" \
		"${2//;/$'\n'}" >"$units/directive-${#wanted[@]}.service"
}

privilege='*without elevation: *lacks CAP_SYS_MODULE*ran' container='*without elevation: *user namespace*ran'
filter='*without elevation: *seccomp filter*ran'
directive "$privilege" User=redis
directive "$filter" DynamicUser=yes	# which brings RestrictSUIDSGID=
directive "$privilege" 'CapabilityBoundingSet=CAP_SETUID CAP_SETGID'
directive "$filter" ProtectKernelModules=yes
directive "$container" PrivateUsers=yes
directive "$filter" SystemCallFilter=@system-service
directive "$filter" SystemCallArchitectures=native
directive "$filter" RestrictAddressFamilies=AF_INET
for name in RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute \
	PrivateDevices ProtectClock ProtectHostname ProtectKernelLogs; do
	directive "$filter" $name=yes
done
[[ $(uname -m) != x86_64 ]] || directive "$filter" ProtectKernelTunables=yes
directive '*failed*' 'NoExecPaths=/;ExecPaths=/usr/bin /usr/lib /lib'
directive '*without elevation: *may not be executed*ran' 'NoExecPaths=/;ExecPaths=/usr/bin /usr/lib /lib /usr/local/bin/symbiote'

yes='*: elevated, *ran'
directive "$yes" 'NoExecPaths=/;ExecPaths=/usr/bin /usr/lib /lib /usr/local/bin/symbiote /usr/local/lib/symbiote'
directive "$yes" 'CapabilityBoundingSet=CAP_SYS_MODULE'
for name in NoNewPrivileges PrivateTmp ProtectHome ProtectControlGroups PrivateNetwork RemoveIPC; do
	directive "$yes" $name=yes
done
directive "$yes" ProtectSystem=strict
directive "$yes" ProtectProc=invisible
directive "$yes" ProtectProc=invisible

inside systemctl daemon-reload
for ((i = 1; i <= ${#wanted[@]}; i++)); do
	inside systemctl start "directive-$i.service" 2>"$scratch/stderr"
	match "${directives[i - 1]}" "$(cat "$scratch/said.$i" "$scratch/stderr" 2>&1)" "${wanted[i - 1]}"
	name=${directives[i - 1]%%=*}
	grep -qF "\`$name=" "$top/docs/SUPPORT.md" || fail "docs/SUPPORT.md does not have $name="
done
finish
