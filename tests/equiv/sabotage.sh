#!/bin/bash
# The equivalence runner can fail: it notices each way of spoiling the gate's side.
here=$(cd "$(dirname "$0")" && pwd)
exec "${RIG_BUILD:-$here/../../build}/tests/equiv/equiv" --sabotage --seed 1
