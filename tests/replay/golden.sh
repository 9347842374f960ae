#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# golden.sh CT-REPLAY CAPTURE EXPECTED
#
# The events of a shipped capture are those that were found right before.
# After a change that is meant, look at the difference and then write the new
# ones:  ct-replay --no-summary CAPTURE >EXPECTED
set -eu

"$1" --no-summary "$2" | diff -u "$3" -
