#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# overflow.sh OVERFLOW: what docs/overflow.md says of the policies holds in
# small as well.

set -eu

"$1" -j -x 0.02 -s 3 syn slow greedy overload nat | awk '
	function field(key,   at, value) {
		at = index($0, "\"" key "\": ")
		if (!at)
			return ""
		value = substr($0, at + length(key) + 4)
		sub(/[,}].*/, "", value)
		gsub(/"/, "", value)
		return value
	}
	{
		name = field("scenario") " " field("policy")
		lost[name] = field("established_lost") + 0
		refused[name] = field("refused") + 0
		stateless[name] = field("stateless") + 0
		nat[name] = field("nat_lost") + 0
		longer[name] = field("handshake_ms") + 0
		bound[name] = field("bound") + 0
		rows++
	}
	function need(holds, words) {
		if (holds)
			return
		print "overflow.sh: not so: " words
		failed = 1
	}
	END {
		need(rows == 28, "five scenarios, five policies, a proxy")
		need(lost["syn scored"] == 0, "(a) no established one is lost")
		need(refused["syn scored"] <= bound["syn scored"] + 2,
		     "(a) refused within 2 % of the bound")
		need(refused["syn linux"] > 10 && lost["syn lru"] > 50,
		     "(a) linux refuses, lru loses")
		need(lost["syn proxy"] + lost["slow proxy"] + \
		     lost["nat proxy"] + nat["nat proxy"] == 0,
		     "(a), (f) none is lost beside cookies")
		need(refused["syn proxy"] <= 0.1 && refused["nat proxy"] <= 0.1,
		     "(a), (f) cookies let newcomers in")
		need(refused["slow proxy"] <= 0.1 && bound["slow proxy"] > 50,
		     "(a) cookies need no room for long handshakes")
		need(longer["syn proxy"] > 1.5 * longer["syn scored"],
		     "(a) a proxied handshake takes another round trip")
		need(lost["greedy scored"] <= 2, "(b) others keep theirs")
		need(refused["greedy scored"] <= 0.1, "(b) others get in")
		need(stateless["overload scored"] < stateless["overload lru"],
		     "(d) scored is better than lru")
		need(nat["nat scored"] == 0, "(f) no translated one is lost")
		exit failed
	}
'
