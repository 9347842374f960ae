#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Record the captures in this directory anew: real clients and servers in
# three network namespaces, seen by the router between them.
#
#	client 192.0.2.2 ---- router ---- server 198.51.100.2
#	   2001:db8:1::2                  2001:db8:2::2
#
# Needs root, iproute2, ethtool, tcpdump, python3, curl, dig, ping, traceroute.
# Nothing leaves the namespaces, and nothing of them is left behind.
#
# usage: record.sh [DIRECTORY]		where the files go; default: here
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
work=$(mktemp -d)
client=ct-client-$$
router=ct-router-$$
server=ct-server-$$
pids=

for tool in ip ethtool tcpdump python3 curl dig ping traceroute; do
	command -v $tool >/dev/null || {
		echo "record.sh: $tool is missing" >&2
		exit 1
	}
done

clean_up() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
	done
	for ns in $client $router $server; do
		ip netns del "$ns" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

on() {
	ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# A program of the server that runs until the end.
serve() {
	ip netns exec $server "$@" >/dev/null 2>&1 &
	pids="$pids $!"
}

# Checksums are computed here, not by a card that is not there; and no
# segment is longer than the link.
plain() {
	on "$1" ethtool -K "$2" tx off rx off tso off gso off gro off \
		>/dev/null 2>&1
}

# link NAMESPACE NUMBER V4NET: one end of the router and its neighbour.
link() {
	ip -n $router link add "to$2" type veth peer name eth0 netns "$1"
	ip -n $router link set "to$2" address "02:00:00:00:0$2:01"
	ip -n "$1" link set eth0 address "02:00:00:00:0$2:02"
	plain $router "to$2"
	plain "$1" eth0
	ip -n $router addr add "$3.1/24" dev "to$2"
	ip -n $router addr add "2001:db8:$2::1/64" dev "to$2" nodad
	ip -n "$1" addr add "$3.2/24" dev eth0
	ip -n "$1" addr add "2001:db8:$2::2/64" dev eth0 nodad
	ip -n $router link set "to$2" up
	ip -n "$1" link set eth0 up
	ip -n "$1" route add default via "$3.1"
	ip -n "$1" -6 route add default via "2001:db8:$2::1"
}

# story NAME SNAPLEN COMMAND...: record what the client's command causes.
story() {
	name=$1
	snaplen=$2
	shift 2
	ip -n $client neigh flush dev eth0
	ip -n $router neigh flush dev to1
	ip netns exec $router tcpdump -i to1 -s "$snaplen" -U \
		--immediate-mode -w "$work/$name.pcap" 2>"$work/log" &
	tcpdump=$!
	pids="$pids $tcpdump"
	until grep -q listening "$work/log"; do
		sleep 0.1
	done
	ip netns exec $client "$@" >/dev/null 2>&1 || :
	sleep 1
	kill -INT $tcpdump
	wait $tcpdump || :
	cp "$work/$name.pcap" "$out/$name.pcap"
	echo "$name.pcap: $(wc -c <"$out/$name.pcap") bytes"
}

for ns in $client $router $server; do
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	# Nobody waits for an error that was held back.
	on "$ns" sysctl -qw net.ipv4.icmp_ratelimit=0
	on "$ns" sysctl -qw net.ipv6.icmp.ratelimit=0
done
# A small window, so that an aborted transfer has little in flight.
on $client sysctl -qw net.ipv4.tcp_rmem="4096 32768 65536"
on $router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
link $client 1 192.0.2
link $server 2 198.51.100

mkdir "$work/www"
python3 -c 'print("<p>libconntrack</p>\n" * 1000)' >"$work/www/page.html"
head -c 4000000 /dev/zero >"$work/www/big.bin"
for address in 198.51.100.2 2001:db8:2::2; do
	serve python3 -m http.server -d "$work/www" -b $address 80
	serve python3 "$here/peers.py" dns $address
	serve python3 "$here/peers.py" echo $address
done
sleep 3 # for the servers, and for what IPv6 says when a link comes up

# In alphabetical order, so that time goes on from one file to the next.
dns=198.51.100.2
story aborted-transfer 96 timeout -s KILL 2 \
	curl -s --limit-rate 20k http://198.51.100.2/big.bin
story dns 65535 sh -c "dig @$dns www.example.com
	dig @$dns www.example.com AAAA
	dig @$dns example.org MX"
story http-download 65535 curl -s http://198.51.100.2/page.html
story idle-connection 65535 python3 "$here/peers.py" idle 198.51.100.2
story ipv6 65535 sh -c 'curl -s "http://[2001:db8:2::2]/page.html"
	dig @2001:db8:2::2 www.example.com AAAA
	ping -c 2 2001:db8:2::2'
story refused-port 65535 sh -c 'curl http://198.51.100.2:81/
	curl "http://[2001:db8:2::2]:81/"
	dig +tries=1 +time=1 -p 5353 @198.51.100.2 www.example.com'
story traceroute 65535 sh -c 'traceroute -n -q 1 198.51.100.2
	traceroute -n -q 1 -I 198.51.100.2
	traceroute -n -q 1 2001:db8:2::2
	ping -c 2 -s 200 198.51.100.2'
story udp-stream 65535 python3 "$here/peers.py" stream 2001:db8:2::2
