#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# report.sh [-q] [CT-BENCH]
#
# Measure everything that has a bar and print one Markdown table.  It wants a
# machine for itself, 6 GB, and about ten minutes; -q takes small tables and
# short rounds instead, to see that all of it works.  Lines touched and
# instructions are counted by valgrind, and left out where there is none.
#
# Ratios are of one run: the limits and the peers are measured between the
# rounds of the library.

set -eu

quick=
if [ "${1-}" = -q ]; then
	quick=y
	shift
fi
here=$(dirname "$0")
bench=${1-$here/../build/release/bench/ct-bench}
if [ ! -x "$bench" ]; then
	echo "report.sh: no program $bench" >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Sizes: as the bars have them, or small.
if [ $quick ]; then
	hot=1k mid=8k big=16k grown=32k chosen=8k rounds='--rounds 5' length='--ms 5'
else
	hot=1k mid=1m big=16m grown=4m rounds='' length=''
	chosen=128k # to find tuples that collide takes long
fi

# run NAME COMMAND OPTION...: once; what it said stays in a file.
run()
{
	name=$1
	shift
	common="$rounds $length"
	[ "$1" != memory ] || common=$rounds # nothing is timed
	echo "ct-bench $* $common" | sed 's/ *$//' >"$work/$name.cmd"
	cat "$work/$name.cmd" >&2
	# shellcheck disable=SC2086 # options are words
	"$bench" "$@" $common --json >"$work/$name.json"
}

# get NAME ROW KEY: a number out of the row that is called so; - is the last.
get()
{
	awk -v row="$2" -v key="\"$3\": " '
		!/^\{/ { next }
		row != "-" && index($0, "\"what\": \"" row "\"") == 0 { next }
		{
			at = index($0, key)
			if (!at)
				next
			value = substr($0, at + length(key))
			sub(/[,}].*/, "", value)
		}
		END { print value == "" ? "n/a" : value }
	' "$work/$1.json"
}

# bar NUMBER WHAT NAME MEASURED SIGN LIMIT UNIT
bar()
{
	verdict=$(awk -v a="$4" -v sign="$5" -v b="$6" 'BEGIN {
		if (a == "n/a")
			print "not measured"
		else if (sign == "<=" ? a + 0 <= b + 0 : a + 0 >= b + 0)
			print "met"
		else
			print "**missed**"
	}')
	case $5 in
	'<=') sign='≤' ;;
	*) sign='≥' ;;
	esac
	[ "$6" != 0 ] || sign=
	echo "| $1 | $2 | \`$(cat "$work/$3.cmd")\` | $4 $7 |" \
	     "$sign $6 $7 | $verdict |" | tr -s ' ' >>"$work/table"
}

# row NUMBER WHAT NAME ROW KEY SIGN LIMIT UNIT
row()
{
	bar "$1" "$2" "$3" "$(get "$3" "$4" "$5")" "$6" "$7" "$8"
}

# count NAME FUNCTION FIELD COMMAND OPTION...: what valgrind counted inside.
# Fields: 1 instructions, 5 lines that had to be read from behind level 1.
count()
{
	name=$1 inside=$2 field=$3
	shift 3
	echo "valgrind --tool=callgrind --toggle-collect=$inside" \
	     "ct-bench $*" >"$work/$name.cmd"
	if ! command -v valgrind >/dev/null; then
		echo n/a
		return
	fi
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--cache-sim=yes --toggle-collect="$inside" \
		"$bench" "$@" 2>&1 >/dev/null |
		awk -v field="$field" '/Collected/ { print $(3 + field) }'
}

ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN {
		if (a == "n/a" || b == "n/a" || b + 0 == 0)
			print "n/a"
		else
			printf "%.3f\n", a / b
	}'
}

x='× limit2'

run est established --conns $mid
row 1 "established TCP, $mid" est - ratio_to_limit2 '<=' 4.0 "$x"
run hot established --conns $hot
row 2 "established TCP, $hot" hot - ratio_to_l1 '<=' 30 '× L1 step'
run big established --conns $big
row 3 "established TCP, $big" big - ratio_to_limit2 '<=' 2.2 "$x"
run one established --conns $mid --one
row 4 'one packet a call' one - ratio_to_2dram '<=' 3.5 '× two DRAM steps'

run two established --conns $mid --threads 2
row 5 'two threads, a flow on one' two - scaling_ratio '>=' 0.93 '× scaling'
run cross established --conns $mid --threads 2 --cross
row 5 'two threads, a flow on both' cross - scaling_ratio '>=' 0.8 '× scaling'

run lookup lookup --conns $mid --peers
row 6 'look-up against cds_lfht' lookup cds_lfht times_ours '>=' 5 '×'
row 6 'look-up against rte_hash' lookup rte_hash times_ours '>=' 1.8 '×'

run setup setup --conns $mid
row 7 'set-up' setup - ratio_to_limit2 '<=' 16 "$x"
run churn churn --conns $mid --threads 2
row 7 'set-up and expiry, two threads' churn - scaling_ratio '>=' 0.9 \
	'× scaling'

run teardown teardown --conns $mid
row 8 'expiry' teardown expiry ratio_to_limit2 '<=' 12 "$x"
row 8 'deletion' teardown deletion ratio_to_limit2 '<=' 12 "$x"
run sweep sweep --conns $mid
row 8 'sweep over the living' sweep - ns_per_conn '<=' 0.3 ns

run memory memory --conns $mid
for kind in 'IPv4 TCP' 'IPv4 UDP' 'IPv6 TCP'; do
	row 9 "memory, $kind" memory "$kind" bytes_per_conn '<=' 168 B
done

run small memory --conns 64
row 9 'memory, empty table for 64' small 'IPv4 TCP' empty_bytes '<=' 16384 B

run grow_maintain resize --conns $grown --maintain
run grow_poll resize --conns $grown --small-pages
for how in grow_maintain grow_poll; do
	for call in insertion poll maintain; do
		row 10 "growth: work of a call beyond its budget, $call" $how \
			"work: $call" over_budget '<=' 0 ''
	done
	row 10 'growth: process + confirm, own p99.99' $how process+confirm \
		own_p9999_us '<=' 50 µs
	row 10 'growth: traffic beside, own p99.99' $how 'traffic beside' \
		own_p9999_us '<=' 50 µs
	row 10 'growth: poll, own p99.99' $how poll own_p9999_us '<=' 50 µs
	row 10 'growth: false misses' $how 'look-ups beside' false_misses \
		'<=' 0 ''
done

run full full --conns $mid --threads 2
row 11 'full: refusing a newcomer' full refused ratio_to_limit2 '<=' 3 "$x"
row 11 'full: packets lost beside' full 'traffic beside' bad '<=' 0 ''

run hash hash --conns $chosen
run sip hash --conns $chosen --siphash
for how in hash sip; do
	for corpus in sequential ports strided equal_xor chosen ip6_suffix \
		ip6_chosen; do
		row 12 "longest chain, $corpus" $how $corpus longest_chain \
			'<=' 3 buckets
		row 12 "lines counted, $corpus against random" $how $corpus \
			lines_to_random '<=' 1.02 '×'
	done
done
fair=$(count lines ct_find_burst 5 lookup --conns 16k --rounds 5 --bursts 500)
for corpus in sequential ports strided equal_xor chosen; do
	lines=$(count lines ct_find_burst 5 lookup --conns 16k --rounds 5 \
		--bursts 500 --corpus $corpus)
	bar 12 "lines missed, $corpus against random" lines \
		"$(ratio "$lines" "$fair")" '<=' 1.02 '×'
done
fair=$(count lines ct_find_burst 5 lookup --conns 16k --rounds 5 \
	--bursts 500 --v6)
for corpus in ip6_suffix ip6_chosen; do
	lines=$(count lines ct_find_burst 5 lookup --conns 16k --rounds 5 \
		--bursts 500 --corpus $corpus)
	bar 12 "lines missed, $corpus against random" lines \
		"$(ratio "$lines" "$fair")" '<=' 1.02 '×'
done

row 13 'own p99 of bursts / median' est - own_p99_ratio '<=' 2 '×'
row 13 'own p99.9 of bursts / median' est - own_p999_ratio '<=' 4 '×'

# Instructions of known packets: what comes before them is the same in two runs
# that differ in their number.
known()
{
	few=$(count told seat_forward 1 established --conns $hot --rounds 5 \
		--bursts 250 "$@")
	many=$(count told seat_forward 1 established --conns $hot --rounds 5 \
		--bursts 500 "$@")
	[ "$few" = n/a ] && echo n/a || echo $((many - few))
}
without=$(known)
with=$(known --events)
bar 14 'established, with a subscriber / without: instructions' told \
	"$(ratio "$with" "$without")" '<=' 1.01 '×'
run told setup --conns $mid --events
row 14 'an event' told - event_ns '<=' 15 ns

row 15 'page faults of the packet path' est - page_faults '<=' 0 ''

echo '| # | what | command | measured | bar | |'
echo '|---|---|---|---|---|---|'
cat "$work/table"
