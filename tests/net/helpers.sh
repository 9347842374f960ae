#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# helpers.sh CASE TUN-NAT
#
# Protocols that announce connections, between real programs, with NAT; one
# function a case.  Without the rights, or without a program, a case is skipped
# and says why.
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

# data_came EXPECTED: so many connections were announced, and translated
data_came() {
	came=$(grep -c '\[NEW\] .*\[RELATED\]$' "$work/gateway.log") || true
	says "$came related" "$1 related"
}

# --- FTP ---------------------------------------------------------------------

start_vsftpd() {
	mkdir -p "$work/empty"
	chmod 755 "$work" "$work/www"
	chmod 555 "$work/empty"
	cat >"$work/vsftpd.conf" <<-EOF
		background=NO
		listen=NO
		listen_ipv6=YES
		anonymous_enable=YES
		no_anon_password=YES
		anon_root=$work/www
		connect_from_port_20=YES
		secure_chroot_dir=$work/empty
		seccomp_sandbox=NO
		isolate=NO
		isolate_network=NO
		xferlog_enable=NO
	EOF
	background "$server" vsftpd "$work/vsftpd.conf"
	until_true listens "$server" 21
}

# lftp_gets HOST PASSIVE: on or off
lftp_gets() {
	rm -f "$work/got"
	in_client env HOME="$work" lftp -c "set net:timeout 5
		set net:max-retries 2
		set ftp:passive-mode $2
		set ftp:ssl-allow off
		open -u anonymous,a@b ftp://$1
		get file -o $work/got" >"$work/lftp.log" 2>&1 ||
		fail "lftp, passive-mode $2: status $?"
	says "$(hash_of <"$work/got")" "$hash"
}

# curl_gets HOST ARGUMENT...
curl_gets() {
	host=$1
	shift
	says "$(in_client curl -sS --max-time 10 "$@" "ftp://$host/file" |
		hash_of)" "$hash"
}

ftp_active_and_passive_by_lftp() {
	needs vsftpd lftp
	make_file 1
	start_nat "helper ftp port 21"
	start_vsftpd
	for host in 198.51.100.2 '[2001:db8::2]'; do
		lftp_gets "$host" on
		lftp_gets "$host" off
	done
	stop_gateway
	data_came 4
}

ftp_active_and_passive_by_curl() {
	needs vsftpd curl
	make_file 1
	start_nat "helper ftp port 21"
	start_vsftpd
	for host in 198.51.100.2 '[2001:db8::2]'; do
		curl_gets "$host"
		curl_gets "$host" --ftp-port -
	done
	curl_gets 198.51.100.2 --disable-epsv
	curl_gets 198.51.100.2 --ftp-port - --disable-eprt
	stop_gateway
	data_came 6
}

ftp_server_inside_is_reached() {
	needs vsftpd curl
	make_file 1
	start_nat "forward tcp 198.51.100.1:21 10.0.0.2:21" \
		"helper ftp port 21"
	server_was=$server
	server=$client
	start_vsftpd
	server=$server_was
	for how in "--disable-epsv" "--disable-eprt --ftp-port -" \
		"--ftp-port -" ""; do
		# shellcheck disable=SC2086
		says "$(in_server curl -sS --max-time 10 $how \
			ftp://198.51.100.1/file | hash_of)" "$hash"
	done
	stop_gateway
	data_came 4
}

ftp_without_a_helper_is_passive_only() {
	needs vsftpd curl
	make_file 1
	start_nat
	start_vsftpd
	curl_gets 198.51.100.2
	in_client curl -sS --max-time 1 --ftp-port - --disable-eprt \
		ftp://198.51.100.2/file >"$work/got" 2>"$work/curl.log" &&
		fail "who let it in?"
	stop_gateway
	data_came 0
}

# --- TFTP --------------------------------------------------------------------

# start_tftpd ADDRESS
start_tftpd() {
	chmod 755 "$work" "$work/www"
	background "$server" in.tftpd -L -s -c -u root -a "$1:69" "$work/www"
}

# tftp_both ADDRESS OPTION
tftp_both() {
	(cd "$work" && in_client tftp "$2" -m binary "$1" -c get file) \
		>"$work/tftp.log" 2>&1 || fail "tftp: status $?"
	says "$(hash_of <"$work/file")" "$hash"
	mv "$work/file" "$work/back"
	(cd "$work" && in_client tftp "$2" -m binary "$1" -c put back) \
		>"$work/tftp.log" 2>&1 || fail "tftp: status $?"
	says "$(hash_of <"$work/www/back")" "$hash"
	rm "$work/www/back"
}

tftp_both_ways_and_families() {
	needs in.tftpd tftp
	make_file 1
	start_nat "helper tftp port 69"
	start_tftpd 198.51.100.2
	start_tftpd '[2001:db8::2]'
	until_true listens "$server" 69
	tftp_both 198.51.100.2 -4
	tftp_both 2001:db8::2 -6
	stop_gateway
	data_came 4
}

# --- SIP ---------------------------------------------------------------------

# The scenarios that SIPp brings along, with media ports that others own; SIPp
# itself takes some from 8000 on.
write_scenarios() {
	# Its status says nothing.
	sipp -sd uac >"$work/uac.plain" 2>/dev/null || true
	sipp -sd uas >"$work/uas.plain" 2>/dev/null || true
	for end in inside:6000 outside:7000; do
		for part in uac uas; do
			sed "s/\[media_port\]/${end#*:}/" "$work/$part.plain" \
				>"$work/$part-${end%:*}"
		done
	done
}

# answer_calls NAMESPACE INSIDE-OR-OUTSIDE ADDRESS ARGUMENT...: one
answer_calls() {
	ns=$1
	where=$2
	at=$3
	shift 3
	background "$ns" sipp -sf "$work/uas-$where" -i "$at" -mi "$at" \
		-mp 8000 -p 5060 -m 1 -nostdin "$@"
	until_true listens "$ns" 5060
}

# call NAMESPACE INSIDE-OR-OUTSIDE ADDRESS TO ARGUMENT...: as long as a busy
# machine may take for the media
call() {
	ns=$1
	where=$2
	at=$3
	to=$4
	shift 4
	ip netns exec "$ns" sipp -sf "$work/uac-$where" -i "$at" -mi "$at" \
		-mp 8000 -p 5061 -m 1 -d 8000 -nostdin "$@" "$to" \
		>"$work/uac.log" 2>&1 </dev/null &
	call=$!
	pids="$pids $call"
}

# await_media INSIDE OUTSIDE: addresses, before the call
await_media() {
	background "$client" python3 "$here/peer.py" reflect "$1" 6000
	background "$server" python3 "$here/peer.py" reflect "$2" 7001
	until_true listens "$client" 6000
	until_true listens "$server" 7001
}

# media INSIDE OUTSIDE GATEWAY: addresses.  RTP begins outside, RTCP inside.
media() {
	says "$(in_server python3 "$here/peer.py" ring "$3" 6000 "$2" 7000)" \
		"hello from $3 6000"
	says "$(in_client python3 "$here/peer.py" ring "$2" 7001 "$1" 6001)" \
		"hello from $2 7001"
}

# hung_up: the call was one, from the first word to the last
hung_up() {
	wait "$call" || fail "sipp: status $?"
	has "$work/uac.log" 'Successful call *\| *0 *\| *1 '
	stop_gateway
	[ "$(grep -c '\[RELATED\]$' "$work/gateway.log")" -ge 2 ] ||
		fail "media without being announced"
}

# call_outside INSIDE OUTSIDE GATEWAY TO ARGUMENT...
call_outside() {
	inside=$1
	outside=$2
	public=$3
	to=$4
	shift 4
	needs sipp python3
	start_nat "helper sip port 5060"
	write_scenarios
	answer_calls "$server" outside "$outside" "$@"
	await_media "$inside" "$outside"
	call "$client" inside "$inside" "$to" "$@"
	media "$inside" "$outside" "$public"
	hung_up
}

sip_call_from_inside_udp() {
	call_outside 10.0.0.2 198.51.100.2 198.51.100.1 198.51.100.2:5060
}

sip_call_from_inside_tcp() {
	call_outside 10.0.0.2 198.51.100.2 198.51.100.1 \
		198.51.100.2:5060 -t t1
}

sip_call_from_inside_ipv6() {
	call_outside fd00::2 2001:db8::2 2001:db8::1 '[2001:db8::2]:5060'
}

sip_call_from_outside_udp() {
	needs sipp python3
	start_nat "forward udp 198.51.100.1:5060 10.0.0.2:5060" \
		"helper sip port 5060"
	write_scenarios
	answer_calls "$client" inside 10.0.0.2
	await_media 10.0.0.2 198.51.100.2
	call "$server" outside 198.51.100.2 198.51.100.1:5060
	media 10.0.0.2 198.51.100.2 198.51.100.1
	hung_up
}

# --- PPTP --------------------------------------------------------------------

# No kernel's PPP: what runs in its place sends frames back.
start_pptpd() {
	cat >"$work/ppp" <<-EOF
		#!/bin/sh
		exec setsid -w python3 "$(realpath "$here")/peer.py" ppp
	EOF
	chmod 755 "$work/ppp"
	cat >"$work/pptpd.conf" <<-EOF
		ppp $work/ppp
		option /dev/null
		localip 192.0.2.1
		remoteip 192.0.2.2-9
	EOF
	background "$server" pptpd -f -c "$work/pptpd.conf" -l 198.51.100.2 \
		-p "$work/pptpd.pid"
	until_true listens "$server" 1723
}

# pptpd's first call has id 0, its second 1.
pptp_call_with_gre() {
	needs pptpd pptp python3
	start_nat "helper pptp port 1723"
	start_pptpd
	for call in first second; do
		in_client python3 "$here/peer.py" pptp 198.51.100.2 \
			>"$work/pptp.txt" 2>"$work/pptp.log" ||
			fail "$call call: status $?"
		says "$(cat "$work/pptp.txt")" "from the server True
from us True"
	done
	stop_gateway
	says "$(grep -c 'NEW\] gre .*\[RELATED\]$' "$work/gateway.log")" 2
}

# --- SCTP --------------------------------------------------------------------

sctp() {
	python3 "$here/sctp.py" "$@"
}

# associate ANSWER CALL ARGUMENT...: what ends do, and where they listen
associate() {
	answers=$1
	calls=$2
	shift 2
	start_nat
	background "$server" python3 "$here/sctp.py" "$answers" 198.51.100.2 \
		5000
	sleep 0.5 # a call that comes too early is made again
	in_client python3 "$here/sctp.py" "$calls" 198.51.100.2 5000 "$@" \
		>"$work/call.log" 2>&1 || fail "$calls: status $?"
	until_true grep -qx over "$work/python3.log"
	has "$work/python3.log" '^asked by 198.51.100.1 [0-9]'
	has "$work/python3.log" '^told hello$'
	stop_gateway
	has "$work/gateway.log" 'NEW\] sctp .* dst=198.51.100.1 sport=5000'
	has "$work/gateway.log" 'DESTROY\] sctp .* \[ASSURED\]'
}

sctp_association_by_the_kernel() {
	needs python3
	sctp kernel || skip "this kernel has no SCTP"
	associate echo talk
}

sctp_association_by_hand() {
	needs python3
	! sctp kernel || skip "this kernel has SCTP, and answers itself"
	associate answer call 10.0.0.2 6000
}

"$case"
