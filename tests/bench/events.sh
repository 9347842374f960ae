#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# events.sh CT-BENCH
#
# A subscriber costs packets that change nothing next to nothing: instructions
# inside the verbs, with one and without, differ by a hundredth at most.
# Counted by valgrind; 77, which is skipped, where there is none.

set -eu

bench=$1
command -v valgrind >/dev/null || exit 77

# Of a run; what comes before the bursts is the same in two that differ in them.
count()
{
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--toggle-collect=seat_forward "$bench" established \
		--conns 500 --rounds 5 "$@" 2>&1 >/dev/null |
		awk '/Collected/ { print $4 }'
}

instructions()
{
	echo $(($(count --bursts 40 "$@") - $(count --bursts 20 "$@")))
}

without=$(instructions)
with=$(instructions --events)
echo "instructions: $without without a subscriber, $with with one"
# At least some of each packet is counted, or the comparison says nothing.
[ "$without" -gt $((20 * 5 * 32 * 50)) ]
[ "$((with * 100))" -le "$((without * 101))" ]
