#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tun.sh TUN-NAT [SECONDS]: what NAT costs a gateway
#
# iperf3, one TCP connection, through tun-nat and through the same program as a
# plain copy loop (--copy), in turns, five times each; medians in Mbit/s.  The
# bar is a share of 60 %.  It takes root, and works in network namespaces of
# its own.
set -eu

tool=${1:?"usage: tun.sh TUN-NAT [SECONDS]"}
seconds=${2:-3}
. "$(dirname "$0")/../tests/net/ground.sh"

ROUNDS=5

needs iperf3 awk
make_ground
# A copy loop translates nothing: the server must know where the client is.
ip -n "$server" route add 10.0.0.0/24 dev tun-out
ip -n "$server" route add fd00::/64 dev tun-out
write_policy <<-EOF
	masquerade 10.0.0.0/24
	masquerade fd00::/64
EOF
start_iperf "$server"

# measure FILE ARGUMENT...: one result more
measure() {
	to=$1
	shift
	in_client iperf3 -f m -t "$seconds" "$@" >"$work/iperf.log" 2>&1 ||
		fail "iperf3 $*"
	awk '/receiver/ { for (i = 2; i <= NF; i++)
		if ($i == "Mbits/sec") print $(i - 1) }' "$work/iperf.log" >>"$to"
}

median() {
	sort -n "$1" | sed -n "$((ROUNDS / 2 + 1))p"
}

# compare NAME ARGUMENT...
compare() {
	name=$1
	shift
	rm -f "$work/copy" "$work/nat"
	round=0
	while [ $round -lt $ROUNDS ]; do
		start_gateway --log none --copy
		measure "$work/copy" "$@"
		stop_gateway
		start_gateway --log none
		measure "$work/nat" "$@"
		stop_gateway
		round=$((round + 1))
	done
	copy=$(median "$work/copy")
	nat=$(median "$work/nat")
	awk -v name="$name" -v copy="$copy" -v nat="$nat" 'BEGIN {
		share = 100 * nat / copy
		printf("%-12s %9.0f %9.0f %7.0f %%   %s\n", name, copy, nat,
			share, share >= 60 ? "holds" : "MISSED")
	}'
}

printf '%-12s %9s %9s %9s   %s\n' "Mbit/s" copy nat share bar
compare upload -c 198.51.100.2
compare download -c 198.51.100.2 -R
compare "upload v6" -c 2001:db8::2
compare "download v6" -c 2001:db8::2 -R
