#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# All tests: with the sanitizers first, then as released.  Ends on ctest's
# summary.  Options go to the last ctest: tests/check.sh -L unit
set -eu
cd "$(dirname "$0")/.."
. cmake/deps.sh

need_compiler
need command c++ g++
need module check check
need module jansson libjansson-dev
need module zlib zlib1g-dev
need command clang-format clang-format
need command doxygen doxygen
need command valgrind valgrind
need command python3 python3
need command mandoc mandoc
need command spin spin
# tests/net: only root can run it, and installs its peers.
if [ "$(id -u)" -eq 0 ]; then
	need command ip iproute2
	need command curl curl
	need command nginx nginx-light
	need command iperf3 iperf3
	need command dig bind9-dnsutils
	need command dnsmasq dnsmasq-base
	need command traceroute traceroute
	need command ping iputils-ping
	need command ab apache2-utils
	need command vsftpd vsftpd
	need command lftp lftp
	need command in.tftpd tftpd-hpa
	need command tftp tftp-hpa
	need command sipp sip-tester
	need command pptpd pptpd
	need command pptp pptp-linux
fi
install_needed

jobs=$(nproc)
werror=${CT_WERROR:+-DCT_WERROR=$CT_WERROR}

# Flows, fuzzers and hostile bytes are where sanitizers find something; what
# looks at the sources or at timing gains nothing from them.
cmake --preset asan $werror
cmake --build --preset asan
ctest --preset asan -j "$jobs" -LE 'lint|install|bench'

# Threads.  gcc's run time wants addresses where a kernel with much address
# randomisation does not put them; containers may forbid to switch that off.
cmake --preset tsan $werror
cmake --build --preset tsan --target threads
unshuffled=
if setarch -R true 2>/dev/null; then
	unshuffled="setarch -R"
fi
$unshuffled ctest --preset tsan -L threads

cmake --preset release $werror -DCT_BUILD_TESTS=ON -DCT_BUILD_BENCH=ON
cmake --build --preset release
ctest --preset release -j "$jobs" "$@"
