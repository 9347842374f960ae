#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# overflow.sh CASE TUN-NAT
#
# Handshakes that the library answers, and idle connections that it asks,
# between kernels' TCP, with NAT; one function a case.  Without the rights, or
# without a program, a case is skipped and says why.
set -eu

case=$1
tool=$2
here=$(dirname "$0")
. "$here/ground.sh"

# start_nat LINE...: the policy's
start_nat() {
	make_ground
	write_policy <<-EOF
		masquerade 10.0.0.0/24
		masquerade fd00::/64
		$(printf '%s\n' "$@")
	EOF
	start_gateway
}

get() {
	in_client curl -sS --max-time 60 "$@"
}

# --- SYN proxy ---------------------------------------------------------------

a_download_passes_the_syn_proxy() {
	needs curl nginx
	make_file 100
	start_nat 'set overflow.syn_proxy 2'
	start_nginx "$server"
	says "$(get http://198.51.100.2/file | hash_of)" "$hash"
	says "$(get 'http://[2001:db8::2]/file' | hash_of)" "$hash"
	statistics
	has "$work/stats.err" ' 2 SYN_COOKIE '
	has "$work/stats.err" 'own: 4$'
	stop_gateway
}

an_upload_passes_the_syn_proxy() {
	needs iperf3
	start_nat 'set overflow.syn_proxy 2'
	start_iperf "$server"
	in_client iperf3 -t 1 -c 198.51.100.2 -P 4 >"$work/iperf3.log" 2>&1 ||
		fail "iperf3: status $?"
	in_client iperf3 -t 1 -c 2001:db8::2 -R >"$work/iperf3.log" 2>&1 ||
		fail "iperf3 -R: status $?"
	stop_gateway
}

# With another shift than the server's, and where one end has no time stamps
other_options_pass_the_syn_proxy() {
	needs curl nginx
	make_file 20
	start_nat 'set overflow.syn_proxy 2' 'set overflow.syn_proxy.wscale 3'
	start_nginx "$server"
	says "$(get http://198.51.100.2/file | hash_of)" "$hash"
	in_client sysctl -qw net.ipv4.tcp_timestamps=0
	says "$(get http://198.51.100.2/file | hash_of)" "$hash"
	in_client sysctl -qw net.ipv4.tcp_sack=0 net.ipv4.tcp_window_scaling=0
	says "$(get http://198.51.100.2/name)" "$server"
	in_client sysctl -qw net.ipv4.tcp_timestamps=1 net.ipv4.tcp_sack=1 \
		net.ipv4.tcp_window_scaling=1
	in_server sysctl -qw net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=0 \
		net.ipv4.tcp_window_scaling=0
	says "$(get http://198.51.100.2/file | hash_of)" "$hash"
	stop_gateway
}

a_forward_passes_the_syn_proxy() {
	needs curl nginx
	make_file 20
	start_nat 'set overflow.syn_proxy 2' \
		'forward tcp 198.51.100.1:8080 10.0.0.2:80'
	start_nginx "$client"
	says "$(in_server curl -sS --max-time 60 http://198.51.100.1:8080/file |
		hash_of)" "$hash"
	stop_gateway
}

a_closed_port_refuses_through_the_syn_proxy() {
	needs curl
	start_nat 'set overflow.syn_proxy 2'
	get http://198.51.100.2:81/ >"$work/curl.log" 2>&1 && fail "it opened"
	has "$work/curl.log" "Couldn't connect|reset by peer|refused"
	stop_gateway
}

many_short_connections_pass_the_syn_proxy() {
	needs ab nginx
	start_nat 'set overflow.syn_proxy 2'
	start_nginx "$server"
	in_client ab -q -n 2000 -c 50 http://198.51.100.2/name \
		>"$work/ab.log" 2>&1 || fail "ab: status $?"
	has "$work/ab.log" '^Complete requests: *2000$'
	has "$work/ab.log" '^Failed requests: *0$'
	stop_gateway
}

# --- Probes ------------------------------------------------------------------

# shell NAME SOURCE: a TCP connection that stays, fed by the pipe NAME
shell() {
	mkfifo "$work/$1"
	background "$client" sh -c "exec python3 '$here/peer.py' talk \
		198.51.100.2 2200 $2 <'$work/$1' >'$work/$1.said'"
}

is_said() {
	grep -q "^$2\$" "$work/$1.said"
}

# A full table: one in which more than half of the places are taken
crowd() {
	in_client python3 "$here/peer.py" spray 198.51.100.2 20000 150
}

a_live_shell_survives_a_full_table() {
	needs python3
	start_nat 'connections 200' 'set overflow.low 500' \
		'set overflow.soft 2' 'set overflow.probe 1' \
		'set overflow.probe.wait 2'
	background "$server" python3 "$here/peer.py" shells 198.51.100.2 2200
	until_true listens "$server" 2200
	shell live 10.0.0.2
	shell dead 10.0.0.3
	exec 3>"$work/live" 4>"$work/dead"
	echo hello >&3
	echo hello >&4
	until_true is_said live hello
	until_true is_said dead hello
	# Its host is gone, without a word.
	ip -n "$client" addr del 10.0.0.3/24 dev tun-in
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		crowd
		sleep 1
	done
	has "$work/gateway.log" '\[DESTROY\] tcp .*src=10\.0\.0\.3 .*dport=2200'
	! grep -q '\[DESTROY\] tcp .*src=10\.0\.0\.2 .*dport=2200' \
		"$work/gateway.log" || fail "the live one has ended"
	echo again >&3
	until_true is_said live again
	stop_gateway
}

"$case"
