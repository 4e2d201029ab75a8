#!/bin/bash
# 4 processes of 8 threads that elevate, migrate, fork, exec and do I/O by the gate for 12 s.
set -eu
exec "$RIG_BUILD/tests/helpers/symbiotes" 12 4 8
