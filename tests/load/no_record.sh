#!/bin/bash
# A process or a thread of which nothing can be known, for want of memory when it is made, is killed, and the kernel log
# says so; who made the process goes on. With the module for trials: tests/kmod/trial.
set -eu
# shellcheck source=tests/elevate/lib.sh
. "$(dirname "$0")/../elevate/lib.sh"

# killed NAME: the kernel log says that of one, since the mark.
killed() { dmesg | since_mark | grep -q "kelevate: out of memory: $1\[[0-9]*\] is killed" || fail "no line of $1 in the log"; }

insmod "$RIG_BUILD/trial/kelevate.ko" fail=fork
mark_log
symbiote run sh -c '/bin/true; echo "status $?"' >said || fail "the shell: status $?"
grep -qx 'status 137' said || { cat said && fail "the child was not killed"; }
killed sh

mark_log
status=0
symbiote run memcached -u root -p 7009 -t 2 >said || status=$?
[[ $status == 137 ]] || { cat said && fail "a program with threads: status $status"; }
killed memcached
unload kelevate

# and with memory
insmod "$RIG_BUILD/trial/kelevate.ko"
symbiote run sh -c '/bin/true; echo "status $?"' >said || fail "the shell: status $?"
grep -qx 'status 0' said || { cat said && fail "the child: not well"; }
unload kelevate
