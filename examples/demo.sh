#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The demo: builds build/release and replays the captures that come with it.
# Events go to stdout, so `examples/demo.sh | grep DESTROY` works; progress and
# the summary go to stderr.  Options are ct-replay's: examples/demo.sh -o json
set -eu
cd "$(dirname "$0")/.."
. cmake/deps.sh

need_compiler
install_needed

cmake --preset release ${CT_WERROR:+-DCT_WERROR=$CT_WERROR} >&2
cmake --build --preset release --target ct-replay embed-min >&2

echo "+ ct-replay $* examples/captures/*.pcap" >&2
exec build/release/examples/replay/ct-replay "$@" examples/captures/*.pcap*
