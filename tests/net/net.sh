#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# net.sh CASE TUN-NAT
#
# Real programs through the gateway, one function a case.  Without the rights,
# or without a program, a case is skipped and says why.
set -eu

case=$1
tool=$2
here=$(dirname "$0")
. "$here/ground.sh"

web=http://198.51.100.2
web6='http://[2001:db8::2]'

masquerade() {
	make_ground
	write_policy <<-EOF
		masquerade 10.0.0.0/24
		masquerade fd00::/64
	EOF
	start_gateway "$@"
}

get() {
	in_client curl -sS --max-time 60 "$@"
}

# --- Web ---------------------------------------------------------------------

downloads_arrive_intact() {
	needs curl nginx
	make_file 200
	masquerade
	start_nginx "$server"
	says "$(get $web/file | hash_of)" "$hash"
	says "$(get $web6/file | hash_of)" "$hash"
	statistics
	has "$work/stats.err" '[1-9][0-9]* super-packets'
	stop_gateway
}

parallel_downloads_arrive_intact() {
	needs curl nginx
	make_file 1
	masquerade
	start_nginx "$server"
	mkdir "$work/got"
	get --parallel --parallel-immediate --parallel-max 200 --no-keepalive \
		"$web/file?[1-200]" -o "$work/got/#1" || fail "status $?"
	says "$(cat "$work"/got/* | wc -c)" $((200 * 1024 * 1024))
	says "$(sha256sum "$work"/got/* | cut -d' ' -f1 | uniq -c |
		tr -s ' ')" " 200 $hash"
	stop_gateway
}

ten_thousand_short_connections() {
	needs ab nginx
	masquerade
	start_nginx "$server"
	in_client ab -q -n 10000 -c 100 $web/name >"$work/ab.log" 2>&1 ||
		fail "ab: status $?"
	has "$work/ab.log" '^Complete requests: *10000$'
	has "$work/ab.log" '^Failed requests: *0$'
	stop_gateway
	# ab opens some more, to have them ready.
	begun=$(grep -c '\[NEW\] tcp' "$work/gateway.log")
	[ "$begun" -ge 10000 ] || fail "only $begun"
	says "$(grep -c '\[DESTROY\] tcp' "$work/gateway.log")" "$begun"
}

# --- Streams -----------------------------------------------------------------

# stream ARGUMENT...: to the server, then from there
stream() {
	in_client iperf3 -t 1 "$@" >"$work/iperf3-there.log" 2>&1 ||
		fail "iperf3 $*: status $?"
	in_client iperf3 -t 1 -R "$@" >"$work/iperf3-back.log" 2>&1 ||
		fail "iperf3 -R $*: status $?"
}

tcp_streams_both_ways() {
	needs iperf3
	masquerade
	start_iperf "$server"
	stream -c 198.51.100.2
	stream -c 2001:db8::2
	stream -c 198.51.100.2 -P 8
	stop_gateway
}

# => Hardly any datagram is lost: fewer than one in a hundred
little_lost() {
	for log in "$work/iperf3-there.log" "$work/iperf3-back.log"; do
		has "$log" '\(0(\.[0-9]+)?%\) +receiver'
	done
}

udp_streams_both_ways() {
	needs iperf3
	masquerade
	start_iperf "$server"
	stream -u -b 5M -c 198.51.100.2
	little_lost
	stream -u -b 5M -c 2001:db8::2
	little_lost
	stop_gateway
}

udp_super_packets_are_cut_behind() {
	needs python3
	masquerade
	background "$server" python3 "$here/peer.py" count 198.51.100.2 7000 40
	until_true listens "$server" 7000
	in_client python3 "$here/peer.py" burst 198.51.100.2 7000 40 ||
		skip "no UDP_SEGMENT"
	until_true grep -q '^40 datagrams of 1000 bytes' "$work/python3.log"
	stop_gateway
}

# --- Names, pings, hops ------------------------------------------------------

names_are_resolved() {
	needs dig dnsmasq
	masquerade
	background "$server" dnsmasq -k -C /dev/null -R -h -u root -g root \
		--log-facility=- --pid-file= --port=53 \
		--address=/example.net/192.0.2.77
	until_true listens "$server" 53
	for how in "@198.51.100.2" "@198.51.100.2 +tcp" "@2001:db8::2"; do
		# shellcheck disable=SC2086
		says "$(in_client dig +short +tries=2 +time=2 $how \
			www.example.net)" 192.0.2.77
	done
	stop_gateway
	has "$work/gateway.log" 'NEW\] udp .* dport=53 .*dst=198.51.100.1 sport=53'
}

pings_pass_and_are_answered() {
	needs ping
	masquerade
	for host in 198.51.100.2 2001:db8::2 10.0.0.1 fd00::1 198.51.100.1; do
		in_client ping -q -c 3 -i 0.1 -W 2 $host >"$work/ping.log" ||
			fail "$host does not answer"
	done
	in_server ping -q -c 1 -W 2 198.51.100.1 >"$work/ping.log" ||
		fail "outside gets no answer"
	stop_gateway
}

# hops ADDRESS EXPECTED ARGUMENT...
hops() {
	to=$1
	expected=$2
	shift 2
	found=$(in_client traceroute -n -q 1 -w 2 -m 5 "$@" "$to" |
		sed -n '1d; s/^ *[0-9]* *\([0-9a-f.:*]*\).*/\1/p' | tr '\n' ' ')
	says "$found" "$expected "
}

traceroute_shows_every_hop() {
	needs traceroute
	masquerade
	make_far
	for how in "" "-I" "-T -p 81"; do
		# shellcheck disable=SC2086
		hops 203.0.113.2 "10.0.0.1 198.51.100.2 203.0.113.2" $how
		# shellcheck disable=SC2086
		hops 2001:db8:1::2 "fd00::1 2001:db8::2 2001:db8:1::2" -6 $how
	done
	hops 10.0.0.1 10.0.0.1
	stop_gateway
}

# --- Path MTU ----------------------------------------------------------------

# learned NAMESPACE ADDRESS MTU
learned() {
	ip -n "$1" route get "$2" | grep -q "mtu $3" ||
		fail "no MTU of $3 to $2: $(ip -n "$1" route get "$2")"
}

# announce NAMESPACE ROUTE...: a larger segment size than the device allows, so
# that it takes an ICMP error to find out
announce() {
	ns=$1
	shift
	ip -n "$ns" route replace "$@" advmss 1440
}

# up_down URL
up_down() {
	says "$(get -T "$work/www/file" -X POST -o "$work/got" \
		-w '%{size_upload}' "$1/who")" "$(wc -c <"$work/www/file")"
	says "$(get "$1/file" | hash_of)" "$hash"
}

path_mtu_behind_a_router() {
	needs curl nginx
	make_file 5
	masquerade
	make_far
	announce "$far" default via 203.0.113.1
	announce "$far" default via 2001:db8:1::1
	start_nginx "$far"
	up_down http://203.0.113.2
	learned "$client" 203.0.113.2 1300
	up_down 'http://[2001:db8:1::2]'
	learned "$client" 2001:db8:1::2 1300
	statistics
	has "$work/stats.err" '[1-9][0-9]* RELATED_ERROR'
	stop_gateway
}

# narrow INSIDE OUTSIDE: MTUs
narrow() {
	needs curl nginx
	make_file 5
	make_ground
	ip -n "$client" link set tun-in mtu "$1"
	ip -n "$server" link set tun-out mtu "$2"
	announce "$client" default dev tun-in src 10.0.0.2
	announce "$client" default dev tun-in src fd00::2
	announce "$server" 198.51.100.0/24 dev tun-out
	announce "$server" 2001:db8::/64 dev tun-out metric 256
	write_policy <<-EOF
		masquerade 10.0.0.0/24
		masquerade fd00::/64
	EOF
	start_gateway
	start_nginx "$server"
	up_down $web
	up_down "$web6"
	statistics
	has "$work/stats.err" '[1-9][0-9]* larger than the MTU'
	stop_gateway
}

path_mtu_is_small_outside() {
	narrow 1500 1350
	learned "$client" 198.51.100.2 1350
	learned "$client" 2001:db8::2 1350
}

path_mtu_is_small_inside() {
	narrow 1350 1500
	learned "$server" 198.51.100.1 1350
	learned "$server" 2001:db8::1 1350
}

# --- From outside ------------------------------------------------------------

port_forward_from_outside() {
	needs curl nginx python3
	make_ground
	write_policy <<-EOF
		forward tcp 198.51.100.1:8080 10.0.0.3:80
		forward tcp [2001:db8::1]:8080 [fd00::3]:80
		forward udp 198.51.100.1:7000-7009 10.0.0.3:9000-9009
	EOF
	start_gateway
	start_nginx "$client"
	says "$(in_server curl -sS --max-time 5 http://198.51.100.1:8080/who)" \
		198.51.100.2
	says "$(in_server curl -sS --max-time 5 \
		'http://[2001:db8::1]:8080/who')" 2001:db8::2
	background "$client" python3 "$here/peer.py" count 10.0.0.3 9004 3
	until_true listens "$client" 9004
	in_server python3 "$here/peer.py" send 198.51.100.1 7004 3
	until_true grep -q '^3 datagrams' "$work/python3.log"
	stop_gateway
}

outside_gets_nothing_unasked() {
	needs curl nginx ping
	masquerade
	start_nginx "$client"
	ip -n "$server" route add 10.0.0.0/24 dev tun-out
	for host in 198.51.100.1 10.0.0.3; do
		in_server curl -sS --max-time 1 http://$host/name \
			>"$work/curl.log" 2>&1 && fail "$host lets us in"
	done
	# A packet that says it is from inside does not get in either.
	ip -n "$server" addr add 10.0.0.77/32 dev lo
	in_server ping -q -c 1 -W 1 -I 10.0.0.77 198.51.100.1 \
		>"$work/ping.log" 2>&1 && fail "a liar was answered"
	statistics
	has "$work/stats.err" '[1-9][0-9]* from outside, and nothing forwards it'
	has "$work/stats.err" '[1-9][0-9]* its source is not on the side'
	stop_gateway
}

hairpin_reaches_an_inside_server() {
	needs curl nginx
	make_ground
	write_policy <<-EOF
		masquerade 10.0.0.0/24
		forward tcp 198.51.100.1:8080 10.0.0.3:80
	EOF
	start_gateway
	start_nginx "$client"
	says "$(get http://198.51.100.1:8080/who)" 198.51.100.1
	stop_gateway
	echo "hairpin off" >>"$work/policy"
	start_gateway
	get --max-time 1 http://198.51.100.1:8080/who >"$work/curl.log" 2>&1 &&
		fail "switched off, and yet"
	stop_gateway
}

pool_lends_its_addresses() {
	needs curl nginx
	make_ground
	write_policy <<-EOF
		pool 198.51.100.10 for 10.0.0.3/32 ports 5000-5999
		pool 198.51.100.20-198.51.100.29 for 10.0.0.0/24
	EOF
	start_gateway
	start_nginx "$server"
	says "$(get --interface 10.0.0.3 $web/who)" 198.51.100.10
	# The inside address decides which one, so it takes some of them.
	ip -n "$client" route add local 10.0.0.64/26 dev lo
	for host in 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79; do
		get --interface 10.0.0.$host $web/who >>"$work/curl.log"
	done
	grep -Ev '^198.51.100.2[0-9]$' "$work/curl.log" && fail "another one"
	[ "$(sort -u "$work/curl.log" | wc -l)" -gt 3 ] || fail "always one"
	stop_gateway
	has "$work/gateway.log" 'dst=198.51.100.10 sport=80 dport=5[0-9]{3}$'
}

what_has_no_rule_is_routed() {
	needs curl nginx
	make_ground
	write_policy </dev/null
	ip -n "$server" route add 10.0.0.0/24 dev tun-out
	ip -n "$server" route add fd00::/64 dev tun-out
	start_gateway
	start_nginx "$server"
	says "$(get $web/who)" 10.0.0.2
	says "$(get $web6/who)" fd00::2
	stop_gateway
}

# --- The program -------------------------------------------------------------

# A conversation, line by line, through a pipe that stays open
start_talk() {
	mkfifo "$work/talk"
	background "$server" python3 "$here/peer.py" echo 198.51.100.2 7000
	until_true listens "$server" 7000
	ip netns exec "$client" python3 "$here/peer.py" talk 198.51.100.2 \
		7000 <"$work/talk" >"$work/talk.log" 2>&1 &
	pids="$pids $!"
	exec 3>"$work/talk"
}

restart_does_not_break_a_conversation() {
	needs python3
	masquerade
	start_talk
	echo before >&3
	until_true grep -qx before "$work/talk.log"
	stop_gateway
	echo meanwhile >&3
	start_gateway
	until_true grep -qx meanwhile "$work/talk.log"
	echo after >&3
	until_true grep -qx after "$work/talk.log"
	stop_gateway
}

restart_lets_downloads_end_cleanly() {
	needs curl nginx
	make_file 10
	masquerade
	start_nginx "$server"
	get --limit-rate 5M --max-time 4 $web/file \
		-o "$work/got" 2>"$work/curl.log" &
	download=$!
	until_true test -s "$work/got"
	stop_gateway
	start_gateway
	status=0
	wait $download || status=$?
	case $status in # picked up; or given up in time
	0) says "$(hash_of <"$work/got")" "$hash" ;;
	28) ;;
	*) fail "curl: status $status" ;;
	esac
	says "$(get $web/file | hash_of)" "$hash"
	stop_gateway
}

silence_ends_connections() {
	needs python3
	make_ground
	write_policy <<-EOF
		masquerade 10.0.0.0/24
		set udp.timeout 1
	EOF
	start_gateway
	in_client python3 "$here/peer.py" send 198.51.100.2 7000 1
	until_true grep -q 'DESTROY\] udp .* dport=7000 ' "$work/gateway.log"
	stop_gateway
}

parameter_that_is_none_is_named() {
	write_policy <<-EOF
		set udp.timeout 7
		set no.such.thing 1
	EOF
	"$tool" --check "$work/policy" 2>"$work/check.err" && fail "accepted"
	has "$work/check.err" 'policy:4: no.such.thing: no such entry$'
}

log_is_text_or_json() {
	needs curl nginx python3
	masquerade --log json
	start_nginx "$server"
	get $web/name >"$work/curl.log"
	stop_gateway
	says "$(python3 "$here/peer.py" log "$work/gateway.log")" "NEW 198.51.100.1
DESTROY 198.51.100.1"
	start_gateway --log none
	get $web/name >"$work/curl.log"
	stop_gateway
	[ ! -s "$work/gateway.log" ] || fail "a log"
}

device_that_goes_ends_the_gateway() {
	masquerade
	ip -n "$server" link del tun-out
	status=0
	wait "$gateway" || status=$?
	gateway=
	says $status 1
	has "$work/gateway.err" 'tun-out: the device is gone'
}

"$case"
