# SPDX-License-Identifier: BSD-2-Clause
#
# Sourced: a small internet in network namespaces, with tun-nat in the middle.
#
#	client ------ tun-nat ------ server ------ far
#	10.0.0.2            198.51.100.2   203.0.113.1  203.0.113.2
#	10.0.0.3      198.51.100.1         (router, MTU 1300)
#	       10.0.0.1
#	fd00::2       2001:db8::1   2001:db8::2   2001:db8:1::1  2001:db8:1::2
#
# Nothing leaves these namespaces.  They, and every process that was started
# here, end with the shell.  The caller has set $tool to tun-nat.

client=ct-$$-client
server=ct-$$-server
far=ct-$$-far
pids=
gateway=
work=$(mktemp -d)

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "FAILED: $*"
	for file in "$work"/*.err "$work"/*.log; do
		[ -s "$file" ] || continue
		echo "--- ${file##*/}" && tail -20 "$file"
	done
	exit 1
}

clean_up() {
	for pid in $gateway $pids; do
		kill "$pid" 2>/dev/null || true
	done
	for pid in $gateway $pids; do
		wait "$pid" 2>/dev/null || true
	done
	for ns in "$client" "$server" "$far"; do
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# needs PROGRAM...
needs() {
	for program in "$@"; do
		command -v "$program" >/dev/null || skip "no $program"
	done
}

in_client() {
	ip netns exec "$client" "$@"
}

in_server() {
	ip netns exec "$server" "$@"
}

in_far() {
	ip netns exec "$far" "$@"
}

# background NAMESPACE PROGRAM...: until the end of the test; its pid is $!
background() {
	ns=$1
	shift
	ip netns exec "$ns" "$@" >"$work/${1##*/}.log" 2>&1 </dev/null &
	pids="$pids $!"
}

# until_true COMMAND...: for five seconds at most
until_true() {
	tries=100
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "not in time: $*"
		sleep 0.05
	done
}

listens() {
	[ -n "$(ip netns exec "$1" ss -Htuln "sport = :$2")" ]
}

# --- Ground ------------------------------------------------------------------

device() {
	ip -n "$1" link set lo up
	ip -n "$1" tuntap add dev "$2" mode tun vnet_hdr
	ip -n "$1" link set "$2" addrgenmode none
	ip -n "$1" link set "$2" up
}

make_client() {
	ip netns add "$client"
	device "$client" tun-in
	for host in 2 3; do
		ip -n "$client" addr add 10.0.0.$host/24 dev tun-in
		ip -n "$client" addr add fd00::$host/64 dev tun-in nodad
	done
	ip -n "$client" route add default dev tun-in src 10.0.0.2
	ip -n "$client" route add default dev tun-in src fd00::2
}

make_server() {
	ip netns add "$server"
	device "$server" tun-out
	ip -n "$server" addr add 198.51.100.2/24 dev tun-out
	ip -n "$server" addr add 2001:db8::2/64 dev tun-out nodad
}

# A network behind the server, which routes; its MTU is small.
make_far() {
	ip netns add "$far"
	ip -n "$far" link set lo up
	in_far sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
	in_server sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n "$server" link add to-far mtu 1300 type veth \
		peer name to-server mtu 1300 netns "$far"
	ip -n "$server" addr add 203.0.113.1/24 dev to-far
	ip -n "$server" addr add 2001:db8:1::1/64 dev to-far nodad
	ip -n "$far" addr add 203.0.113.2/24 dev to-server
	ip -n "$far" addr add 2001:db8:1::2/64 dev to-server nodad
	ip -n "$server" link set to-far up
	ip -n "$far" link set to-server up
	ip -n "$far" route add default via 203.0.113.1
	ip -n "$far" route add default via 2001:db8:1::1
}

make_ground() {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	needs ip ss
	ip netns add "$client" 2>/dev/null ||
		skip "no right to make network namespaces"
	ip netns del "$client"
	(: >/dev/net/tun) 2>/dev/null || skip "no right to use /dev/net/tun"
	make_client
	make_server
}

# --- Answers -----------------------------------------------------------------

hash_of() {
	sha256sum | cut -d' ' -f1
}

# has FILE PATTERN
has() {
	grep -Eq -- "$2" "$1" || fail "no '$2' in ${1##*/}"
}

# says TEXT EXPECTED
says() {
	[ "$1" = "$2" ] || fail "'$1' instead of '$2'"
}

# A file for downloads, of so many MB
make_file() {
	mkdir -p "$work/www"
	head -c "$1"M /dev/urandom >"$work/www/file"
	hash=$(hash_of <"$work/www/file")
}

# --- Gateway -----------------------------------------------------------------

# The policy of most tests; more lines come from standard input.
write_policy() {
	cat - >"$work/policy" <<-EOF
		inside  tun-in  netns $client 10.0.0.1/24 fd00::1/64
		outside tun-out netns $server 198.51.100.1/24 2001:db8::1/64
	EOF
	cat >>"$work/policy"
}

start_gateway() {
	: >"$work/gateway.err"
	"$tool" "$@" "$work/policy" >"$work/gateway.log" \
		2>>"$work/gateway.err" </dev/null &
	gateway=$!
	until_true grep -q 'is outside' "$work/gateway.err"
}

# => Fails unless the gateway ends well: sanitizers speak up here.
stop_gateway() {
	pid=$gateway
	gateway=
	kill -TERM "$pid"
	wait "$pid" || fail "the gateway ended with status $?"
}

# => Statistics, in stats.err
statistics() {
	: >"$work/gateway.err"
	kill -USR1 "$gateway"
	until_true grep -q '^answered pings' "$work/gateway.err"
	cp "$work/gateway.err" "$work/stats.err"
}

# --- Servers -----------------------------------------------------------------

# start_nginx NAMESPACE: port 80 serves $work/www; /who says who asked
start_nginx() {
	mkdir -p "$work/www" "$work/$1"
	echo "$1" >"$work/www/name"
	cat >"$work/$1/nginx.conf" <<-EOF
		user root;
		worker_processes 1;
		pid nginx.pid;
		error_log stderr;
		events { worker_connections 4096; }
		http {
			access_log off;
			sendfile on;
			client_max_body_size 0;
			client_body_temp_path body;
			proxy_temp_path proxy;
			fastcgi_temp_path fastcgi;
			uwsgi_temp_path uwsgi;
			scgi_temp_path scgi;
			server {
				listen 80 backlog=4096;
				listen [::]:80 backlog=4096;
				root $work/www;
				location /who { return 200 "\$remote_addr\n"; }
			}
		}
	EOF
	background "$1" nginx -e stderr -p "$work/$1" \
		-c "$work/$1/nginx.conf" -g 'daemon off;'
	until_true listens "$1" 80
}

# start_iperf NAMESPACE
start_iperf() {
	background "$1" iperf3 -s
	until_true listens "$1" 5201
}
