/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers at work: what they are shown, in which order, what they replace, and
 * what follows from it for lengths, sums and sequence numbers.
 *
 * The helper of these tests reads lines.  "OLD" becomes "NEWER", "X" nothing,
 * "NO" is refused.  What it is shown is written down.
 */
#include <conntrack/helper.h>

#include "suite.h"
#include "world.h"

#include <arpa/inet.h>
#include <string.h>

enum { TCP = 6, UDP = 17, ROOM = 64, CLIENT_ISN = 1000, SERVER_ISN = 5000 };

static struct ct_world w;
static const struct ct_policy *policy;

/* What was shown: "[...]" by itself, "(...)" in order, "{...}" again; a bar
 * where this packet's own bytes begin. */
static char seen[512];

static void write_down(const struct ct_speech *speech)
{
	const char *marks = speech->again      ? "{}"
			    : speech->streamed ? "()"
					       : "[]";
	size_t n = strlen(seen);

	ck_assert_uint_lt(n + speech->len + 4, sizeof(seen));
	seen[n++] = marks[0];
	for (uint32_t i = 0; i < speech->len; i++) {
		if (i && i == speech->fresh)
			seen[n++] = '|';
		seen[n++] =
			speech->bytes[i] == '\n' ? '.' : (char)speech->bytes[i];
	}
	seen[n++] = marks[1];
	seen[n] = '\0';
}

static void ck_seen(const char *what)
{
	ck_assert_str_eq(seen, what);
	seen[0] = '\0';
}

/* => Where a word is, or the length. */
static uint32_t find(const struct ct_speech *speech, const char *word)
{
	uint32_t n = (uint32_t)strlen(word);

	for (uint32_t i = 0; i + n <= speech->len; i++)
		if (memcmp(speech->bytes + i, word, n) == 0)
			return i;
	return speech->len;
}

static uint32_t behind_last_line(const struct ct_speech *speech)
{
	uint32_t n = speech->len;

	while (n && speech->bytes[n - 1] != '\n')
		n--;
	return n;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	uint32_t *calls = ct_helper_state(w.tbl, pkt->conn);
	uint32_t at;

	++*calls;
	write_down(speech);
	if (find(speech, "NO") < speech->len)
		return ct_help_drop(thr, pkt, "It says no.");
	at = find(speech, "OLD");
	if (at < speech->len &&
	    ct_help_replace(thr, pkt, speech, at, 3, "NEWER", 5))
		return CT_HELP_DROP;
	at = find(speech, "X");
	if (at < speech->len && ct_help_replace(thr, pkt, speech, at, 1, "", 0))
		return CT_HELP_DROP;
	speech->used = behind_last_line(speech);
	return CT_HELP_OK;
}

static const struct ct_expect_class classes[] = {
	{ .name = "any", .max = 1, .timeout_s = 60 },
};

static const struct ct_param_def params[] = {
	{ "lines.number", NULL, "a number", 7, 8, 0, 9, 0, 0 },
};

static const struct ct_helper_ops lines_ops = {
	.size = sizeof(lines_ops),
	.name = "lines",
	.flags = CT_HELPER_STREAM,
	.state_size = 4,
	.classes = classes,
	.n_classes = 1,
	.params = params,
	.n_params = 1,
	.help = help,
};

/* --- A conversation ----------------------------------------------------- */

/* Sequence numbers as each end counts. */
static uint32_t seq[CT_DIR_MAX];
static uint8_t l3;

static void setup(void)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "lines" };

	seen[0] = '\0';
	l3 = CT_L3_IPV4;
	ct_world_create(&w, NULL);
	ck_assert_int_eq(ct_helper_register(w.tbl, &lines_ops), 0);
	ct_world_attach(&w);
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &policy), 0);
}

static void teardown(void)
{
	ct_world_end(&w);
}

static const struct ct_test_flow *flow(void)
{
	return l3 == CT_L3_IPV4 ? &ct_test_flow4 : &ct_test_flow6;
}

/* A packet with this payload; it stands in w.p. */
static struct ct_pkt carry(const char *text)
{
	struct ct_pkt pkt;
	uint32_t len = (uint32_t)strlen(text);

	memcpy(w.p.bytes + w.p.len - len, text, len);
	ct_test_sum(&w.p);
	pkt = ct_test_pkt(&w.p);
	pkt.tailroom = ROOM;
	pkt.policy = policy;
	return pkt;
}

static enum ct_verdict go(struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_process(w.thr, pkt, CT_HOOK_PREROUTING), CT_ACCEPT);
	ck_assert_int_ne(pkt->state, CT_INVALID);
	return ct_confirm(w.thr, pkt);
}

static struct ct_pkt segment(enum ct_dir dir, uint32_t at, uint32_t ack,
			     uint8_t flags, const char *text)
{
	const struct ct_test_segment seg = { .flags = flags,
					     .seq = at,
					     .ack = ack,
					     .win = 8192,
					     .len = (uint32_t)strlen(text) };

	ct_test_tcp(&w.p, flow(), dir, &seg);
	return carry(text);
}

static void shake_hands(void)
{
	const uint8_t syn = CT_TEST_SYN, ack = CT_TEST_ACK;
	struct ct_pkt pkt;

	seq[CT_DIR_ORIG] = CLIENT_ISN + 1;
	seq[CT_DIR_REPLY] = SERVER_ISN + 1;
	pkt = segment(CT_DIR_ORIG, CLIENT_ISN, 0, syn, "");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	pkt = segment(CT_DIR_REPLY, SERVER_ISN, seq[CT_DIR_ORIG], syn | ack,
		      "");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	pkt = segment(CT_DIR_ORIG, seq[CT_DIR_ORIG], seq[CT_DIR_REPLY], ack,
		      "");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
}

/* The client says something that begins at a number. */
static struct ct_pkt say_at(uint32_t at, const char *text)
{
	return segment(CT_DIR_ORIG, at, seq[CT_DIR_REPLY],
		       CT_TEST_ACK | CT_TEST_PSH, text);
}

static struct ct_pkt say(const char *text)
{
	struct ct_pkt pkt = say_at(seq[CT_DIR_ORIG], text);

	seq[CT_DIR_ORIG] += (uint32_t)strlen(text);
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	return pkt;
}

static uint32_t number(const struct ct_pkt *pkt, uint32_t off)
{
	return ct_load_u32(pkt->data + pkt->l4_off + off);
}

/* => Payload, length and sums are right. */
static void ck_carries(const struct ct_pkt *pkt, const char *text)
{
	uint32_t header = pkt->l4 == TCP ? 20 : 8;
	uint32_t len = (uint32_t)strlen(text);
	struct ct_test_packet right = w.p;
	uint32_t ip_len = pkt->l3 == CT_L3_IPV4
				  ? ct_load_u16(pkt->data + 2)
				  : ct_load_u16(pkt->data + 4) + 40u;

	ck_assert_uint_eq(pkt->len, pkt->l4_off + header + len);
	ck_assert_uint_eq(ip_len, pkt->len);
	ck_assert_mem_eq(pkt->data + pkt->l4_off + header, text, len);
	right.len = pkt->len;
	ct_test_sum(&right);
	ck_assert_mem_eq(pkt->data, right.bytes, pkt->len);
	if (pkt->l3 == CT_L3_IPV4) {
		uint32_t sum = 0;

		for (unsigned i = 0; i < 20; i += 2)
			sum += ct_load_u16(pkt->data + i);
		ck_assert_uint_eq((sum & 0xffff) + (sum >> 16), 0xffff);
	}
}

static void stream_on(void)
{
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.stream", 64), 0);
}

/* --- Packet by packet --------------------------------------------------- */

START_TEST(each_segment_is_shown_by_itself)
{
	shake_hands();
	say("one\ntw");
	say("o\n");
	ck_seen("[one.tw][o.]");
}
END_TEST

START_TEST(helper_of_a_datagram_sees_the_first_one)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 5);
	pkt = carry("hello");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_seen("[hello]");
	ck_assert(ct_conn_status(pkt.conn) & CT_S_HELPER);
	ck_assert_str_eq(ct_conn_helper(w.tbl, pkt.conn), "lines");
}
END_TEST

START_TEST(packets_without_policy_are_shown_to_their_helper)
{
	struct ct_pkt pkt;

	shake_hands();
	policy = NULL;
	for (unsigned i = 0; i < 4; i++)
		pkt = say("again and again\n");
	ck_assert_uint_eq(*(uint32_t *)ct_helper_state(w.tbl, pkt.conn), 4);
}
END_TEST

START_TEST(refused_packet_is_dropped_and_leaves_no_connection)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 4);
	pkt = carry("NO..");
	ck_assert_int_eq(go(&pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_HELPER_REFUSED);
	ck_assert_ptr_null(pkt.conn);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_HELPER_REFUSED), 1);
}
END_TEST

START_TEST(error_about_it_is_not_shown)
{
	struct ct_test_icmp icmp = { .type = 3, .code = 1, .rest_len = 28 };
	struct ct_test_packet quoted;
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 5);
	pkt = carry("hello");
	quoted = w.p;
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	seen[0] = '\0';
	icmp.rest = quoted.bytes;
	ct_test_icmp(&w.p, &ct_test_flow4, CT_DIR_REPLY, &icmp);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_assert_int_eq(pkt.state, CT_RELATED);
	ck_seen("");
}
END_TEST

START_TEST(helper_has_parameters)
{
	uint64_t value;

	ck_assert_uint_eq(ct_helper_param(w.thr, &lines_ops, 0), 7);
	ck_assert_int_eq(ct_param_set(w.tbl, "lines.number", 9), 0);
	ck_assert_int_eq(ct_param_get(w.tbl, "lines.number", &value), 0);
	ck_assert_uint_eq(ct_helper_param(w.thr, &lines_ops, 0), value);
}
END_TEST

START_TEST(registration_must_make_sense)
{
	struct ct_helper_ops bad[5] = { lines_ops, lines_ops, lines_ops,
					lines_ops, lines_ops };
	struct ct_table *tbl;

	ck_assert_int_eq(ct_helper_register(w.tbl, &lines_ops), CT_E_SEALED);
	bad[0].help = NULL;
	bad[1].n_classes = 9;
	bad[2].state_size = CT_HELPER_STATE_MAX + 1;
	bad[3].flags = 2;
	bad[4].name = NULL;
	ck_assert_int_eq(ct_table_create(NULL, &tbl), 0);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(ct_helper_register(tbl, &bad[i]), CT_E_INVAL);
	bad[0].size--;
	ck_assert_int_eq(ct_helper_register(tbl, &bad[0]), CT_E_VERSION);
	ct_table_destroy(tbl);
}
END_TEST

/* --- Replacements ------------------------------------------------------- */

static void replaces_in_datagrams(void)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, flow(), CT_DIR_ORIG, 11);
	pkt = carry("the OLD one");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "the NEWER one");
	ck_assert_uint_eq(ct_load_u16(pkt.data + pkt.l4_off + 4), 8 + 13);
	ck_assert_uint_eq(pkt.tailroom, ROOM - 2);
	ct_test_udp(&w.p, flow(), CT_DIR_ORIG, 5);
	pkt = carry("a X b");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "a  b");
	ck_assert_uint_eq(pkt.tailroom, ROOM + 1);
}

START_TEST(datagram_grows_and_shrinks)
{
	replaces_in_datagrams();
}
END_TEST

START_TEST(ipv6_datagram_grows_and_shrinks)
{
	l3 = CT_L3_IPV6;
	replaces_in_datagrams();
}
END_TEST

START_TEST(datagram_without_sum_keeps_none)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = carry("OLD");
	memset(w.p.bytes + 26, 0, 2);
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_load_u16(w.p.bytes + 26), 0);
	ck_assert_mem_eq(w.p.bytes + 28, "NEWER", 5);
}
END_TEST

START_TEST(partial_sum_knows_the_new_length)
{
	struct ct_pkt pkt;
	uint32_t before;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = carry("OLD");
	pkt.csum = CT_CSUM_PARTIAL;
	before = ct_load_u16(w.p.bytes + 26);
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(ct_load_u16(w.p.bytes + 26), before + 2);
}
END_TEST

START_TEST(without_room_it_is_dropped)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = carry("OLD");
	pkt.tailroom = 1;
	ck_assert_int_eq(go(&pkt), CT_DROP);
	ck_assert_mem_eq(w.p.bytes + 28, "OLD", 3);
}
END_TEST

START_TEST(what_pads_a_frame_is_room)
{
	struct ct_pkt pkt;

	ct_test_udp(&w.p, &ct_test_flow4, CT_DIR_ORIG, 3);
	pkt = carry("OLD");
	pkt.len += 2;
	pkt.tailroom = 0;
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "NEWER");
	ck_assert_uint_eq(pkt.tailroom, 0);
}
END_TEST

START_TEST(length_may_stay_where_not_all_is_there)
{
	struct ct_pkt pkt;

	shake_hands();
	/* "X" goes, so it would have to move. */
	pkt = say_at(seq[CT_DIR_ORIG], "X1234567");
	pkt.frame_len = pkt.len;
	pkt.len -= 4;
	pkt.csum = CT_CSUM_VERIFIED;
	ck_assert_int_eq(go(&pkt), CT_DROP);
	ck_seen("[X123]");
}
END_TEST

static void shifts_a_stream(void)
{
	struct ct_pkt pkt;

	shake_hands();
	pkt = say("the OLD one\n");
	ck_carries(&pkt, "the NEWER one\n");
	ck_assert(ct_conn_status(pkt.conn) & CT_S_SEQ_ADJUST);
	ck_assert_uint_eq(number(&pkt, 4), CLIENT_ISN + 1);

	/* The server counts what it got; the client what it sent. */
	pkt = segment(CT_DIR_REPLY, seq[CT_DIR_REPLY], CLIENT_ISN + 1 + 14,
		      CT_TEST_ACK, "yes\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_assert_uint_eq(number(&pkt, 8), CLIENT_ISN + 1 + 12);
	seq[CT_DIR_REPLY] += 4;

	pkt = say("next\n");
	ck_assert_uint_eq(number(&pkt, 4), CLIENT_ISN + 1 + 14);
	ck_carries(&pkt, "next\n");
}

START_TEST(later_numbers_are_shifted)
{
	shifts_a_stream();
}
END_TEST

START_TEST(later_numbers_are_shifted_in_ipv6)
{
	l3 = CT_L3_IPV6;
	shifts_a_stream();
}
END_TEST

START_TEST(retransmission_is_replaced_again_and_counted_once)
{
	struct ct_pkt pkt;

	shake_hands();
	say("OLD\n");
	pkt = say_at(CLIENT_ISN + 1, "OLD\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "NEWER\n");
	pkt = say("next\n");
	ck_assert_uint_eq(number(&pkt, 4), CLIENT_ISN + 1 + 6);
}
END_TEST

START_TEST(burst_does_what_single_verbs_do)
{
	struct ct_test_packet copies[3];
	struct ct_pkt pkts[3];
	struct ct_pkt *list[3];
	enum ct_verdict verdicts[3];
	const char *const texts[3] = { "one\n", "OLD\n", "two\n" };

	shake_hands();
	policy = NULL;
	for (unsigned i = 0; i < 3; i++) {
		pkts[i] = say_at(seq[CT_DIR_ORIG], texts[i]);
		seq[CT_DIR_ORIG] += 4;
		copies[i] = w.p;
		pkts[i].data = copies[i].bytes;
		pkts[i].csum = CT_CSUM_VERIFIED;
		list[i] = &pkts[i];
	}
	ct_forward_burst(w.thr, list, 3, NULL, verdicts);
	ck_seen("[one.][OLD.][two.]");
	ck_assert_uint_eq(number(&pkts[1], 4), CLIENT_ISN + 1 + 4);
	ck_assert_uint_eq(number(&pkts[2], 4), CLIENT_ISN + 1 + 10);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(verdicts[i], CT_ACCEPT);
}
END_TEST

/* --- In order ----------------------------------------------------------- */

START_TEST(line_cut_over_segments_is_seen_whole)
{
	stream_on();
	shake_hands();
	say("one\nt");
	say("w");
	say("o\nthree\n");
	ck_seen("(one.t)(t|w)(tw|o.three.)");
}
END_TEST

START_TEST(directions_have_a_view_each)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("one");
	pkt = segment(CT_DIR_REPLY, seq[CT_DIR_REPLY], seq[CT_DIR_ORIG],
		      CT_TEST_ACK, "uno\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	seq[CT_DIR_REPLY] += 4;
	say("\n");
	ck_seen("(one)(uno.)(one|.)");
}
END_TEST

START_TEST(retransmission_is_shown_as_such)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("a OLD\n");
	pkt = say_at(CLIENT_ISN + 1, "a OLD\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "a NEWER\n");
	ck_seen("(a OLD.){a OLD.}");
	pkt = say("b\n");
	ck_assert_uint_eq(number(&pkt, 4), CLIENT_ISN + 1 + 8);
}
END_TEST

START_TEST(segment_with_old_and_new_is_shown_in_two_parts)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("OLD\n");
	pkt = say_at(CLIENT_ISN + 1, "OLD\nmore OLD\n");
	seq[CT_DIR_ORIG] += 9;
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "NEWER\nmore NEWER\n");
	ck_seen("(OLD.){OLD.}(more OLD.)");
	pkt = say("end\n");
	ck_assert_uint_eq(number(&pkt, 4), CLIENT_ISN + 1 + 13 + 4);
}
END_TEST

START_TEST(behind_a_hole_the_view_goes_on)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("one\ntw");
	pkt = say_at(seq[CT_DIR_ORIG] + 2, "three\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	pkt = say_at(seq[CT_DIR_ORIG], "o\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	pkt = say_at(seq[CT_DIR_ORIG] + 8, "four\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_seen("(one.tw)[three.][o.](four.)");
}
END_TEST

START_TEST(first_copy_of_a_byte_counts)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("abc");
	pkt = say_at(CLIENT_ISN + 1, "xyzdef\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_seen("(abc)(abc|def.)");
}
END_TEST

START_TEST(too_much_is_forgotten)
{
	char text[64];

	stream_on();
	shake_hands();
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	say(text);
	say("bcd\n");
	ck_assert_ptr_nonnull(strstr(seen, "(bcd.)"));
}
END_TEST

START_TEST(word_that_left_in_part_is_lost_once)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("an O");
	pkt = say_at(seq[CT_DIR_ORIG], "LD\n");
	ck_assert_int_eq(go(&pkt), CT_DROP);
	ck_assert_uint_eq(pkt.reason, CT_R_HELPER_REFUSED);
	/* It comes with what was sent before: all can be replaced. */
	pkt = say_at(CLIENT_ISN + 1, "an OLD\n");
	ck_assert_int_eq(go(&pkt), CT_ACCEPT);
	ck_carries(&pkt, "an NEWER\n");
	ck_seen("(an O)(an O|LD.)(an OLD.)");
}
END_TEST

START_TEST(word_that_left_in_part_passes_when_it_comes_again)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("an O");
	for (unsigned i = 0; i < 2; i++) {
		pkt = say_at(seq[CT_DIR_ORIG], "LD\n");
		ck_assert_int_eq(go(&pkt), i ? CT_ACCEPT : CT_DROP);
	}
	ck_carries(&pkt, "LD\n");
	seq[CT_DIR_ORIG] += 3;
	say("next\n");
	ck_seen("(an O)(an O|LD.)(an O|LD.)(next.)");
}
END_TEST

START_TEST(refused_segment_has_not_been_said)
{
	struct ct_pkt pkt;

	stream_on();
	shake_hands();
	say("a ");
	pkt = say_at(seq[CT_DIR_ORIG], "NO\n");
	ck_assert_int_eq(go(&pkt), CT_DROP);
	say("yes\n");
	ck_seen("(a )(a |NO.)(a |yes.)");
}
END_TEST

START_TEST(memory_of_views_is_counted)
{
	struct ct_mem_report before = { .size = sizeof(before) };
	struct ct_mem_report after = { .size = sizeof(after) };

	stream_on();
	shake_hands();
	say("one\n");
	ck_assert_int_eq(ct_mem_report(w.tbl, &before), 0);
	say("tw");
	ck_assert_int_eq(ct_mem_report(w.tbl, &after), 0);
	ck_assert_uint_ge(after.on_demand, before.on_demand + 64);
	ck_assert_uint_eq(after.other, before.other);
}
END_TEST

/* --- Strict mode -------------------------------------------------------- */

START_TEST(strict_mode_knows_ends_and_ports)
{
	union ct_addr own = { 0 }, other = { 0 };
	struct ct_pkt pkt;

	shake_hands();
	pkt = say("x\n");
	memcpy(&own, ct_test_flow4.src, 4);
	memcpy(&other, ct_test_flow4.src, 4);
	other.bytes[3]++;
	ck_assert(ct_help_allowed(w.thr, &pkt, &other, htons(22)));
	ck_assert_int_eq(ct_param_set(w.tbl, "helper.strict", 1), 0);
	ck_assert(ct_help_allowed(w.thr, &pkt, &own, htons(1024)));
	ck_assert(!ct_help_allowed(w.thr, &pkt, &own, htons(1023)));
	ck_assert(!ct_help_allowed(w.thr, &pkt, &other, htons(5000)));
	ck_assert_uint_eq(ct_world_count(&w, CT_R_HELPER_STRICT), 2);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("help flow");
	TCase *tc = tcase_create("help");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_segment_is_shown_by_itself);
	tcase_add_test(tc, helper_of_a_datagram_sees_the_first_one);
	tcase_add_test(tc, packets_without_policy_are_shown_to_their_helper);
	tcase_add_test(tc, refused_packet_is_dropped_and_leaves_no_connection);
	tcase_add_test(tc, error_about_it_is_not_shown);
	tcase_add_test(tc, helper_has_parameters);
	tcase_add_test(tc, registration_must_make_sense);
	tcase_add_test(tc, datagram_grows_and_shrinks);
	tcase_add_test(tc, ipv6_datagram_grows_and_shrinks);
	tcase_add_test(tc, datagram_without_sum_keeps_none);
	tcase_add_test(tc, partial_sum_knows_the_new_length);
	tcase_add_test(tc, without_room_it_is_dropped);
	tcase_add_test(tc, what_pads_a_frame_is_room);
	tcase_add_test(tc, length_may_stay_where_not_all_is_there);
	tcase_add_test(tc, later_numbers_are_shifted);
	tcase_add_test(tc, later_numbers_are_shifted_in_ipv6);
	tcase_add_test(tc, retransmission_is_replaced_again_and_counted_once);
	tcase_add_test(tc, burst_does_what_single_verbs_do);
	tcase_add_test(tc, line_cut_over_segments_is_seen_whole);
	tcase_add_test(tc, directions_have_a_view_each);
	tcase_add_test(tc, retransmission_is_shown_as_such);
	tcase_add_test(tc, segment_with_old_and_new_is_shown_in_two_parts);
	tcase_add_test(tc, behind_a_hole_the_view_goes_on);
	tcase_add_test(tc, first_copy_of_a_byte_counts);
	tcase_add_test(tc, too_much_is_forgotten);
	tcase_add_test(tc, word_that_left_in_part_is_lost_once);
	tcase_add_test(tc, word_that_left_in_part_passes_when_it_comes_again);
	tcase_add_test(tc, refused_segment_has_not_been_said);
	tcase_add_test(tc, memory_of_views_is_counted);
	tcase_add_test(tc, strict_mode_knows_ends_and_ports);
	suite_add_tcase(suite, tc);
	return suite;
}
