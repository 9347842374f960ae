# SPDX-License-Identifier: BSD-2-Clause
# Sourced by examples/demo.sh and tests/check.sh: installs what is missing.
#
#	need command WORD PACKAGE...	a program
#	need module WORD PACKAGE...	something that pkg-config knows
#	need file PATH PACKAGE...	anything else
#	install_needed			what was missing, all at once

missing=

have() {
	case $1 in
	command) command -v "$2" ;;
	module) pkg-config --exists "$2" ;;
	file) test -e "$2" ;;
	esac >/dev/null 2>&1
}

need() {
	have "$1" "$2" && return
	shift 2
	missing="$missing $*"
}

# What it takes to build at all.
need_compiler() {
	need command cc gcc libc6-dev
	need file /usr/include/stdio.h libc6-dev
	need command cmake cmake
	need command ninja ninja-build
	need command pkg-config pkg-config
	need module liburcu liburcu-dev
	need module libxxhash libxxhash-dev
	need module libpcap libpcap-dev
}

# A test wants the programs; nobody wants their services to be started.
without_services() {
	policy=/usr/sbin/policy-rc.d
	[ ! -e $policy ] || policy=
	if [ "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		trap 'rm -f $policy' EXIT
	fi
	"$@"
	if [ "$policy" ]; then
		rm -f $policy
		trap - EXIT
	fi
}

install_needed() {
	[ -n "$missing" ] || return 0
	install="apt-get install -y --no-install-recommends$missing"
	if [ "$(id -u)" -ne 0 ]; then
		echo "Some packages are missing. On Debian or Ubuntu:" >&2
		echo "  sudo $install" >&2
		exit 1
	fi
	if ! command -v apt-get >/dev/null; then
		echo "Please install what Debian calls:$missing" >&2
		exit 1
	fi
	echo "Installing:$missing" >&2
	export DEBIAN_FRONTEND=noninteractive
	# Stale lists often suffice, so that a failure here is not the end.
	apt-get -q update >&2 || true
	without_services $install >&2
	missing=
}
