#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# cli.sh CASE CT-REPLAY CAPTURES
#
# What ct-replay does on its command line, one function a case.  CAPTURES is
# the directory of the shipped captures.
set -eu

tool=$2
http=$3/http-download.pcap
dns=$3/dns.pcap
idle=$3/idle-connection.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/out
err=$work/err

fail() {
	echo "FAILED: $*"
	echo "--- standard output" && head -20 "$out"
	echo "--- standard error" && head -20 "$err"
	exit 1
}

# run STATUS ARGUMENT...
run() {
	want=$1
	shift
	status=0
	"$tool" "$@" >"$out" 2>"$err" </dev/null || status=$?
	[ $status -eq "$want" ] || fail "status $status instead of $want: $*"
}

lines() {
	wc -l <"$1"
}

has() {
	grep -qi -- "$2" "$1" || fail "no '$2'"
}

one_line_about() {
	[ "$(lines "$err")" -eq 1 ] || fail "not one line on standard error"
	has "$err" "^ct-replay: .*$1"
}

file_that_is_no_capture_gets_one_line() {
	echo "this is not a capture, but long enough for one" >"$work/text"
	run 1 "$work/text"
	one_line_about "text: "
	: >"$work/empty"
	run 1 "$work/empty"
	one_line_about "empty: "
	run 1 "$work/absent"
	one_line_about "absent: No such file"
	run 1 "$work"
	one_line_about "$work"
}

truncated_capture_gets_one_line() {
	size=$(wc -c <"$http")
	for cut in 1 40 1000; do
		head -c $((size - cut)) "$http" >"$work/cut.pcap"
		run 1 "$work/cut.pcap"
		one_line_about "cut.pcap: truncated"
		has "$out" '\[NEW\] tcp'
	done
	for kept in 1 23 30; do
		head -c $kept "$http" >"$work/cut.pcap"
		run 1 "$work/cut.pcap"
		one_line_about "cut.pcap: truncated"
		[ ! -s "$out" ] || fail "an event"
	done
}

unsupported_link_type_gets_one_line() {
	head -c 20 "$http" >"$work/usb.pcap"
	# 189: USB
	printf '\275\000\000\000' >>"$work/usb.pcap"
	run 1 "$work/usb.pcap"
	one_line_about 'usb.pcap: unsupported link type USB'
}

broken_file_behind_a_good_one_is_named() {
	echo "this is not a capture, but long enough for one" >"$work/text"
	run 1 "$dns" "$work/text" "$http"
	one_line_about "text: "
	has "$out" '\[NEW\] udp'
}

standard_input_is_read() {
	run 0 --no-summary "$http"
	cp "$out" "$work/expected"
	"$tool" --no-summary - <"$http" >"$out" 2>"$err" || fail "with a file"
	cmp "$out" "$work/expected" || fail "another output"
	cat "$http" | "$tool" --no-summary - >"$out" 2>"$err" ||
		fail "with a pipe"
	cmp "$out" "$work/expected" || fail "another output"
}

several_captures_are_one_stream() {
	run 0 --no-summary "$dns"
	cp "$out" "$work/expected"
	run 0 --no-summary "$http"
	cat "$out" >>"$work/expected"
	run 0 --no-summary "$dns" "$http"
	cmp "$out" "$work/expected" || fail "another output"
}

connections_expire_while_others_are_idle() {
	run 0 --no-summary -t "$dns" "$idle"
	[ "$(grep -c '\[DESTROY\] udp ' "$out")" -eq 3 ] || fail "not three"
	cut -d']' -f1 "$out" | sort -c || fail "not in the order of time"
	tail -1 "$out" | grep -q 'TIME_WAIT' || fail "too late"
	run 0 -q "$dns" "$idle"
	has "$err" '^udp  *3 .* replied 3$'
	has "$err" '^connections live at the end: 1$'
}

events_can_be_left_out() {
	run 0 -q "$http"
	[ ! -s "$out" ] || fail "events"
	has "$err" "^tcp  *1 "
	run 0 -q --no-summary "$http"
	[ ! -s "$err" ] || fail "a summary"
}

summary_counts_what_came_by() {
	run 0 -q "$http"
	has "$err" "^PROTOCOL "
	has "$err" "^frames that are not IP: 2$"
	has "$err" "^connections live at the end: 1$"
}

no_terminal_no_colour_no_bar() {
	run 0 "$http"
	! grep -q "$(printf '\033')" "$out" "$err" || fail "escape sequences"
	! grep -q "$(printf '\r')" "$out" "$err" || fail "a bar"
}

list_is_the_table_at_the_end() {
	run 0 -q --no-summary --list "$http"
	[ "$(lines "$out")" -eq 1 ] || fail "not one connection"
	has "$out" '^tcp      6 [0-9]* TIME_WAIT src=192.0.2.2 .*use=1$'
	run 0 -q --no-summary --list -o extended "$http"
	has "$out" '^ipv4     2 tcp      6 '
}

timestamp_is_the_recorded_time() {
	run 0 --no-summary -t "$http"
	has "$out" '^\[[0-9]*\.[0-9]\{6\}\]	    \[NEW\] tcp'
}

explain_shows_one_packet() {
	run 0 --explain 3 "$http"
	has "$out" '^packet 3 (counting from 1) of .*http-download.pcap, at '
	has "$out" '^  result  *accept, NEW, original direction'
	! grep -q 'packet 4' "$out" || fail "more than one packet"
	[ ! -s "$err" ] || fail "a summary"
	run 0 --explain 4 "$http"
	has "$out" '^  result  *accept, ESTABLISHED, reply direction'
	has "$out" '^  connection  *ipv4     2 tcp      6 60 SYN_RECV '
}

explain_shows_what_is_not_ip() {
	run 0 --explain 1 "$http"
	has "$out" 'not an IP packet'
}

explain_counts_through_all_captures() {
	run 0 -q "$dns"
	frames=$(sed -n 's/^\([0-9]*\) frames, .*/\1/p' "$err")
	run 0 --explain $((frames + 3)) "$dns" "$http"
	has "$out" 'http-download.pcap'
	has "$out" '^  result  *accept, NEW'
}

explain_of_a_packet_that_is_not_there() {
	run 1 --explain 100000 "$http"
	one_line_about "explain: "
}

parameters_are_set_by_both_names() {
	run 0 --params
	has "$out" '^tcp.timeout.syn_sent  *120 '
	run 0 --params --set tcp.timeout.syn_sent=77
	has "$out" '^tcp.timeout.syn_sent  *77 '
	run 0 --params -s net.netfilter.nf_conntrack_tcp_timeout_syn_sent=78
	has "$out" '^tcp.timeout.syn_sent  *78 '
	run 0 --no-summary -s nf_conntrack_tcp_timeout_syn_sent=79 "$http"
	has "$out" '\[NEW\] tcp      6 79 SYN_SENT'
}

wrong_checksums_are_seen_and_explained() {
	# A byte of the last packet's payload or checksum.
	size=$(wc -c <"$dns")
	head -c $((size - 1)) "$dns" >"$work/bad.pcap"
	printf '\252' >>"$work/bad.pcap"
	run 0 "$work/bad.pcap"
	has "$err" ' 1  l4_checksum '
	has "$err" '^hint: .*checksum'
	run 0 --set checksum=0 "$work/bad.pcap"
	! grep -qi 'l4_checksum' "$err" || fail "a checksum was verified"
}

table_may_be_small() {
	run 0 -q --max-conns 1 "$dns"
	has "$err" '^dropped packets, by reason:'
	has "$err" ' table_full '
}

seed_does_not_change_events() {
	run 0 --no-summary --seed 1 "$dns"
	cp "$out" "$work/expected"
	run 0 --no-summary --seed 2 "$dns"
	cmp "$out" "$work/expected" || fail "another output"
}

wrong_command_lines_are_refused() {
	run 2
	run 2 --set loose "$http"
	run 2 --set no.such.parameter=1 "$http"
	one_line_about "no.such.parameter: "
	run 2 --set tcp.timeout.syn_sent=-1 "$http"
	run 2 -o xml "$http"
	run 2 --explain 0 "$http"
	run 2 --explain 1x "$http"
	run 2 --max-conns 4294967296 "$http"
}

full_disk_is_an_error() {
	[ -c /dev/full ] || exit 77
	status=0
	"$tool" "$http" >/dev/full 2>"$err" || status=$?
	: >"$out"
	[ $status -eq 1 ] || fail "status $status"
	has "$err" "^ct-replay: standard output: "
}

"$1"
