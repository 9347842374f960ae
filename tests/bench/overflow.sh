#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# overflow.sh OVERFLOW: what docs/overflow.md says of the policies holds in
# small as well.

set -eu

"$1" -j -x 0.02 -s 3 syn slow greedy overload steady vanish nat | awk '
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
		recovery[name] = field("recovery_s") + 0
		rows++
	}
	# What the best of the other policies has; medians, as all of these are.
	function best(scenario,   least) {
		least = stateless[scenario " linux"]
		if (stateless[scenario " lru"] < least)
			least = stateless[scenario " lru"]
		if (stateless[scenario " random"] < least)
			least = stateless[scenario " random"]
		if (stateless[scenario " refuse"] < least)
			least = stateless[scenario " refuse"]
		return least
	}
	function need(holds, words) {
		if (holds)
			return
		print "overflow.sh: not so: " words
		failed = 1
	}
	END {
		need(rows == 38, "seven scenarios, five policies, a proxy")
		need(lost["syn scored"] == 0, "(a) no established one is lost")
		need(refused["syn scored"] <= bound["syn scored"] + 1.1,
		     "(a) refused within 1.1 % of the bound")
		off = refused["slow scored"] - bound["slow scored"]
		need(off >= -2 && off <= 2 && bound["slow scored"] < 95,
		     "(a) of long handshakes all that the bound allows, give or take 2 %")
		need(refused["slow linux"] > bound["slow linux"] + 5,
		     "(a) linux completes fewer of them")
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
		need(lost["greedy scored"] <= 0.1, "(b) others keep theirs")
		need(refused["greedy scored"] <= 0.1, "(b) others get in")
		need(stateless["overload scored"] <= 0.9 * best("overload"),
		     "(d) with idle ones, 0.9 of the best of the others")
		need(stateless["steady scored"] < best("steady"),
		     "(d) none idle, better than the best of the others")
		need(recovery["vanish scored"] > 0 &&
		     recovery["vanish scored"] <= 310 &&
		     lost["vanish scored"] == 0,
		     "(e) a soft age and a sweep, and no live one is lost")
		need(nat["nat scored"] == 0 && lost["nat scored"] == 0,
		     "(f) no translated one is lost, and no other")
		exit failed
	}
'
