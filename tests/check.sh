#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# All tests: with the sanitizers first, then as released.  Ends on ctest's
# summary.  Options go to the second ctest: tests/check.sh -L unit
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
install_needed

jobs=$(nproc)
werror=${CT_WERROR:+-DCT_WERROR=$CT_WERROR}

# Flows, fuzzers and hostile bytes are where sanitizers find something; what
# looks at the sources or at timing gains nothing from them.
cmake --preset asan $werror
cmake --build --preset asan
ctest --preset asan -j "$jobs" -LE 'lint|install|bench'

cmake --preset release $werror -DCT_BUILD_TESTS=ON
cmake --build --preset release
ctest --preset release -j "$jobs" "$@"
