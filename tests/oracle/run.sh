#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh TEST CT_ORACLE SHARED: one of the ctests over goldens; 77 if the set
# of goldens that it needs is not on this machine.  CT_SHARED_DIR in the
# environment replaces SHARED.
set -u
test=$1
oracle=$2
sets=${CT_SHARED_DIR:-$3}/oracle

skip()
{
	echo "SKIPPED: no $1"
	exit 77
}

case $test in
oracle_goldens)
	exec "$oracle" --expected expected_failures.txt goldens/*.jsonl
	;;
oracle_fuzz)
	[ -d "$sets/fuzz_goldens" ] || skip "$sets/fuzz_goldens"
	cd "$sets/fuzz_goldens" || exit 1
	exec "$oracle" --expected "$OLDPWD/expected_failures.txt" \
		--without nat,fragments,sctp,gre \
		tcp_* udp_* icmp_* generic_* zones_marks_*
	;;
oracle_captures)
	[ -d "$sets/capture_goldens" ] || skip "$sets/capture_goldens"
	exec "$oracle" --expected expected_failures.txt --keys ct \
		--ratio 99.9 "$sets"/capture_goldens/*
	;;
*)
	echo "run.sh: no test $test" >&2
	exit 2
	;;
esac
