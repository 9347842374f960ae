#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# foreign.sh CT-REPLAY DIRECTORY [WRAPPER...]
#
# Every capture of a directory replays to its end, or to its own broken end
# with one line about that; nothing crashes.  WRAPPER is valgrind, say.
set -u

tool=$1
dir=$2
shift 2
if [ ! -d "$dir" ]; then
	echo "skipped: there is no $dir"
	exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count=0
failed=0
for file in "$dir"/*.pcap "$dir"/*.pcapng; do
	[ -e "$file" ] || continue
	count=$((count + 1))
	timeout 300 "$@" "$tool" -o json --list "$file" >/dev/null 2>"$log"
	status=$?
	if [ $status -eq 1 ] && [ "$(wc -l <"$log")" -eq 1 ]; then
		echo "broken: $(cat "$log")"
	elif [ $status -ne 0 ]; then
		echo "FAILED with $status: $file"
		cat "$log"
		failed=$((failed + 1))
	fi
done
echo "$count captures, $failed failed"
[ $count -gt 0 ] && [ $failed -eq 0 ]
