#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Verify a model with SPIN, exhaustively:
#	check.sh holds|fails MODEL.pml DIR [-Dname[=value] ...]
# "holds": no claim fails in any order of steps.  "fails": a mutant, which one
# of the claims must catch.  Ends with 77 when SPIN or a C compiler ($CC, else
# cc) is not there.
set -eu

expect=$1
model=$2
dir=$3
shift 3
cc=${CC:-cc}

for tool in spin "$cc"; do
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done

mkdir -p "$dir"
cd "$dir"
rm -f pan pan.* log ./*.trail
spin "$@" -a "$model"

# A mutant is found soon, from the other end of the list of processes.
case $expect in
holds) flags=-O1 ;;
fails) flags='-O0 -DREVERSE' ;;
*) echo "check.sh: holds or fails, not $expect" && exit 2 ;;
esac
# shellcheck disable=SC2086 # flags are words
"$cc" $flags -w -DSAFETY -DMEMLIM=2000 -o pan pan.c

# -m: deep enough, or it is an error
./pan -m1000000 >log 2>&1 || true
grep -E '^pan:|^error|errors:|states, stored$|total actual' log || true

if grep -q -E 'max search depth|not completed' log && [ "$expect" = holds ]
then
	echo "not exhaustive"
	exit 1
fi
case $expect in
holds)
	grep -q 'errors: 0$' log
	;;
fails)
	grep -q '^pan:1: assertion violated' log || {
		echo "no claim noticed"
		exit 1
	}
	;;
esac
