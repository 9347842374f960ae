#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Verify a model with SPIN, exhaustively:
#	check.sh holds|fails|fails_late MODEL.pml DIR [-Dname[=value] ...]
# "holds": no claim fails in any order of steps.  "fails": a mutant, which one
# of the claims must catch; "fails_late" the same, when a search that starts
# with the last process is there sooner.  Ends with 77 when SPIN or a C compiler
# ($CC, else cc) is not there.
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

case $expect in
holds) flags=-O1 ;;
fails) flags=-O0 ;;
fails_late) flags='-O0 -DREVERSE' ;;
*) echo "check.sh: what is $expect?" && exit 2 ;;
esac
# shellcheck disable=SC2086 # flags are words
"$cc" $flags -w -DSAFETY -DMEMLIM=2000 -o pan pan.c

# A search that was cut short is no proof; a limit of depth or memory says so.
./pan -w22 -m1000000 >log 2>&1 || true
grep -E '^pan:|^error|^hint|errors:|states, stored$|total actual' log || true

case $expect in
holds)
	grep -q 'errors: 0$' log &&
		! grep -q -E 'max search depth|not completed' log
	;;
fails*)
	grep -q '^pan:1: assertion violated' log
	;;
esac
