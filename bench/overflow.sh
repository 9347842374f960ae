#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# overflow.sh [-q] [OVERFLOW] >docs/overflow.svg
#
# What each policy makes of each scenario of the simulator, as a drawing. It
# wants a quarter of an hour; -q makes everything smaller.  With - in place of
# the program its lines, made by `overflow -j`, are read.

set -eu

common='-j -s 5'
if [ "${1-}" = -q ]; then
	common='-j -x 0.02'
	shift
fi
here=$(dirname "$0")
program=${1-$here/../build/release/bench/overflow}

run() {
	if [ "$program" = - ]; then
		cat
	else
		# shellcheck disable=SC2086 # options are words
		"$program" $common
	fi
}

run | awk '
	function field(key,   at, value) {
		at = index($0, "\"" key "\": ")
		if (!at)
			return ""
		value = substr($0, at + length(key) + 4)
		sub(/[,}].*/, "", value)
		gsub(/"/, "", value)
		return value
	}
	/^\{/ {
		lines[++n] = $0
		scenario = field("scenario")
		for (i = 1; i <= split(keys, key, " "); i++)
			value[scenario, field("policy"), key[i]] = field(key[i])
	}
	BEGIN {
		keys = "established_lost refused stateless nat_lost bound optimum"
		n_policies = split("scored linux lru random refuse " \
				   "proxy", policy, " ")
	}
	END { draw() }

	function text(px, py, anchor, words) {
		printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s" \
		       "</text>\n", px, py, anchor, words
	}
	# One panel: a bar for each policy; a line where the best would be.
	function panel(title, scenario, key, best,   i, most, v, x, y, at) {
		x = 20 + panels % 2 * 370
		y = 50 + int(panels / 2) * 170
		panels++
		text(x, y - 22, "start", title)
		for (i = 1; i <= n_policies; i++) {
			v = value[scenario, policy[i], key] + 0
			if (v > most)
				most = v
		}
		if (most < 1)
			most = 1
		for (i = 1; i <= n_policies; i++) {
			v = value[scenario, policy[i], key]
			if (v == "" && policy[i] == "proxy")
				continue
			at = x + 8 + (i - 1) * 57
			printf "<rect x=\"%d\" y=\"%.1f\" width=\"40\" " \
			       "height=\"%.1f\" fill=\"%s\"/>\n", at,
			       y + 100 - 100 * v / most, 100 * v / most,
			       i == 1 ? "#06c" : \
			       policy[i] == "proxy" ? "#690" : "#999"
			text(at + 20, y + 96 - 100 * v / most, "middle",
			     v == "" ? "-" : sprintf("%.2f", v))
			text(at + 20, y + 116, "middle", policy[i])
		}
		v = value[scenario, "scored", best]
		if (best != "" && v != "")
			printf "<path stroke=\"#c00\" d=\"M%d %.1fh340\"/>\n",
			       x, y + 100 - 100 * v / most
	}
	function draw(   i) {
		print "<svg xmlns=\"http://www.w3.org/2000/svg\" " \
		      "width=\"760\" height=\"1070\" " \
		      "font-family=\"sans-serif\" font-size=\"12\">"
		print "<!-- SPDX-License-Identifier: BSD-2-Clause"
		for (i = 1; i <= n; i++)
			print lines[i]
		print "-->"
		print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
		panel("(a) SYN flood: established lost, %", "syn",
		      "established_lost", "")
		panel("(a) newcomers refused, %; line: bound", "syn",
		      "refused", "bound")
		panel("(a) handshakes 10 x: established lost, %", "slow",
		      "established_lost", "")
		panel("(a) handshakes 10 x: refused, %; line: bound", "slow",
		      "refused", "bound")
		panel("(b) greedy source: others lost, %", "greedy",
		      "established_lost", "")
		panel("(b) others refused, %", "greedy", "refused", "")
		panel("(c) UDP spray: established lost, %", "udp",
		      "established_lost", "")
		panel("(c) newcomers refused, %", "udp", "refused", "bound")
		panel("(d) overload: packets without state, %; line: optimum",
		      "overload", "stateless", "optimum")
		panel("(d) none idle: packets without state, %", "steady",
		      "stateless", "optimum")
		panel("(f) SYN flood, NAT: translated lost, %", "nat",
		      "nat_lost", "")
		panel("(f) newcomers refused, %", "nat", "refused", "bound")
		print "</svg>"
	}
'
