#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# plot.sh [-q] [CT-BENCH] >docs/performance.svg
#
# Established packets over tables of 1 k to 16 M connections, beside the limit
# of the same run, as a drawing.  It wants 6 GB and some minutes; -q stops at
# 16 k.  What was measured stands in the drawing's comment, line by line.

set -eu

sizes='1k 4k 16k 64k 256k 1m 4m 16m' common=
if [ "${1-}" = -q ]; then
	sizes='1k 4k 16k' common='--rounds 5 --ms 5'
	shift
fi
here=$(dirname "$0")
bench=${1-$here/../build/release/bench/ct-bench}
if [ ! -x "$bench" ]; then
	echo "plot.sh: no program $bench" >&2
	exit 1
fi

for n in $sizes; do
	echo "ct-bench established --conns $n $common" >&2
	# shellcheck disable=SC2086 # options are words
	"$bench" established --conns "$n" $common --json
done | awk '
	function field(key,   at, value) {
		at = index($0, "\"" key "\": ")
		value = substr($0, at + length(key) + 4)
		sub(/[,}].*/, "", value)
		return value + 0
	}
	/^\{/ {
		conns[++rows] = field("conns")
		ours[rows] = field("ns_per_packet")
		limit[rows] = field("limit2_ns")
	}
	END { draw() }

	function x(i) { return left + wide * (i - 1) / (rows > 1 ? rows - 1 : 1) }
	function y(ns) { return top + high - high * ns / most }
	function name(n) {
		if (n >= 1048576)
			return n / 1048576 " M"
		return n / 1024 " k"
	}
	function text(px, py, anchor, words) {
		printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s" \
		       "</text>\n", px, py, anchor, words
	}
	function line(values, colour, words,   i) {
		printf "<polyline fill=\"none\" stroke=\"%s\" " \
		       "stroke-width=\"2\" points=\"", colour
		for (i = 1; i <= rows; i++)
			printf "%.1f,%.1f ", x(i), y(values[i])
		print "\"/>"
		for (i = 1; i <= rows; i++) {
			printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" " \
			       "fill=\"%s\"/>\n", x(i), y(values[i]), colour
			text(x(i), y(values[i]) - 7, "middle",
			     sprintf("%.1f", values[i]))
		}
		text(x(rows) + 10, y(values[rows]) + 4, "start", words)
	}
	# A step of 1, 2 or 5 times a power of ten: five or so lines.
	function step_for(max,   step) {
		for (step = 1; max / step > 10; step *= 10)
			;
		if (max / step > 5)
			step *= 2
		return step
	}
	function draw(   i, ns, step) {
		left = 60; top = 30; wide = 560; high = 300
		for (i = 1; i <= rows; i++)
			if (ours[i] > most)
				most = ours[i]
		most *= 1.1
		print "<svg xmlns=\"http://www.w3.org/2000/svg\" " \
		      "width=\"760\" height=\"400\" " \
		      "font-family=\"sans-serif\" font-size=\"12\">"
		print "<!-- SPDX-License-Identifier: BSD-2-Clause"
		print "connections, ns a packet, limit2 in ns"
		for (i = 1; i <= rows; i++)
			print conns[i], ours[i], limit[i]
		print "-->"
		print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
		step = step_for(most)
		for (ns = 0; ns <= most; ns += step) {
			printf "<path stroke=\"#ddd\" d=\"M%d %.1fh%d\"/>\n",
			       left, y(ns), wide
			text(left - 8, y(ns) + 4, "end", ns)
		}
		for (i = 1; i <= rows; i++)
			text(x(i), top + high + 20, "middle", name(conns[i]))
		text(left + wide / 2, top + high + 44, "middle", "connections")
		text(left - 40, top - 12, "start",
		     "ns per established TCP packet, one thread, bursts of 32")
		line(limit, "#888", "limit2")
		line(ours, "#06c", "libconntrack")
		print "</svg>"
	}
'
