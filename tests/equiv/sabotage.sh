#!/bin/bash
# The equivalence runner can fail: it notices each way of spoiling the gate's side. So can eintr.
here=$(cd "$(dirname "$0")" && pwd)
programs=${RIG_BUILD:-$here/../../build}/tests/equiv
"$programs/equiv" --sabotage --seed 1 && "$programs/eintr" --sabotage
