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
oracle_burst_*)
	"$oracle" --expected expected_failures.txt --burst "${test##*_}" \
		goldens/*.jsonl || exit 1
	exec "$oracle" --verb split --burst "${test##*_}" goldens/*.jsonl
	;;
oracle_figures)
	# A deviation that is expected shows in the first figure only.
	found=$("$oracle" --expected expected_failures.txt --keys ct \
		--ratio 99.9 goldens/udplite.jsonl goldens/udp_stream.jsonl) ||
		exit 1
	echo "$found"
	all=$(echo "$found" | sed -n 's/^all files: .* equal, //p')
	rest=$(echo "$found" |
		sed -n 's/^without the expected deviations: .* equal, //p')
	[ -n "$all" ] && [ "$all" != "100.000 %" ] && [ "$rest" = "100.000 %" ] ||
		exit 1
	# Without the list it is a failure like any other.
	! "$oracle" --keys ct --ratio 99.9 goldens/udplite.jsonl
	;;
oracle_fuzz)
	[ -d "$sets/fuzz_goldens" ] || skip "$sets/fuzz_goldens"
	cd "$sets/fuzz_goldens" || exit 1
	exec "$oracle" --expected "$OLDPWD/expected_failures.txt" \
		fragments_* tftp_* tcp_* udp_* icmp_* generic_* zones_marks_* nat_* \
		sctp_* mixed_* ftp_* irc_* sip_* gre_pptp_*
	;;
oracle_captures)
	[ -d "$sets/capture_goldens" ] || skip "$sets/capture_goldens"
	exec "$oracle" --expected expected_failures.txt \
		--keys ct,fate,out,events,table,expect "$sets"/capture_goldens/*
	;;
*)
	echo "run.sh: no test $test" >&2
	exit 2
	;;
esac
