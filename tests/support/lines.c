/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that reads lines, and a conversation with it; see lines.h.
 */
#include "lines.h"

#include "suite.h"

#include <string.h>

enum { TCP = 6 };

struct ct_lines ct_lines;

static void write_down(const struct ct_speech *speech)
{
	const char *marks = speech->again      ? "{}"
			    : speech->streamed ? "()"
					       : "[]";
	size_t n = strlen(ct_lines.seen);

	ck_assert_uint_lt(n + speech->len + 4, sizeof(ct_lines.seen));
	ct_lines.seen[n++] = marks[0];
	for (uint32_t i = 0; i < speech->len; i++) {
		if (i && i == speech->fresh)
			ct_lines.seen[n++] = '|';
		ct_lines.seen[n++] =
			speech->bytes[i] == '\n' ? '.' : (char)speech->bytes[i];
	}
	ct_lines.seen[n++] = marks[1];
	ct_lines.seen[n] = '\0';
}

void ct_lines_seen(const char *what)
{
	ck_assert_str_eq(ct_lines.seen, what);
	ct_lines.seen[0] = '\0';
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
	uint32_t *calls = ct_helper_state(ct_lines.w.tbl, pkt->conn);
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
	at = find(speech, "YES");
	if (at < speech->len &&
	    ct_help_replace(thr, pkt, speech, at, 3, "yes", 3))
		return CT_HELP_DROP;
	speech->hold = speech->bytes[speech->len - 1] == '~';
	speech->used = behind_last_line(speech);
	return CT_HELP_OK;
}

static const struct ct_expect_class classes[] = {
	{ .name = "any", .max = 1, .timeout_s = 60 },
};

static const struct ct_param_def params[] = {
	{ "lines.number", NULL, "a number", 7, 8, 0, 9, 0, 0 },
};

const struct ct_helper_ops ct_lines_ops = {
	.size = sizeof(ct_lines_ops),
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

void ct_lines_setup(void)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "lines" };

	ct_lines.seen[0] = '\0';
	ct_lines.l3 = CT_L3_IPV4;
	ct_world_create(&ct_lines.w, NULL);
	ck_assert_int_eq(ct_helper_register(ct_lines.w.tbl, &ct_lines_ops), 0);
	ct_world_attach(&ct_lines.w);
	ck_assert_int_eq(
		ct_policy_create(ct_lines.w.tbl, &def, &ct_lines.policy), 0);
}

void ct_lines_teardown(void)
{
	ct_world_end(&ct_lines.w);
}

const struct ct_test_flow *ct_lines_flow(void)
{
	return ct_lines.l3 == CT_L3_IPV4 ? &ct_test_flow4 : &ct_test_flow6;
}

/* A packet with this payload; it stands in ct_lines.w.p. */
struct ct_pkt ct_lines_carry(const char *text)
{
	struct ct_pkt pkt;
	uint32_t len = (uint32_t)strlen(text);

	memcpy(ct_lines.w.p.bytes + ct_lines.w.p.len - len, text, len);
	ct_test_sum(&ct_lines.w.p);
	pkt = ct_test_pkt(&ct_lines.w.p);
	pkt.tailroom = ROOM;
	pkt.policy = ct_lines.policy;
	return pkt;
}

enum ct_verdict ct_lines_go(struct ct_pkt *pkt)
{
	ck_assert_int_eq(ct_process(ct_lines.w.thr, pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_ne(pkt->state, CT_INVALID);
	return ct_confirm(ct_lines.w.thr, pkt);
}

struct ct_pkt ct_lines_segment(enum ct_dir dir, uint32_t at, uint32_t ack,
			       uint8_t flags, const char *text)
{
	const struct ct_test_segment seg = { .flags = flags,
					     .seq = at,
					     .ack = ack,
					     .win = 8192,
					     .len = (uint32_t)strlen(text) };

	ct_test_tcp(&ct_lines.w.p, ct_lines_flow(), dir, &seg);
	return ct_lines_carry(text);
}

void ct_lines_shake_hands(void)
{
	const uint8_t syn = CT_TEST_SYN, ack = CT_TEST_ACK;
	struct ct_pkt pkt;

	ct_lines.seq[CT_DIR_ORIG] = CLIENT_ISN + 1;
	ct_lines.seq[CT_DIR_REPLY] = SERVER_ISN + 1;
	pkt = ct_lines_segment(CT_DIR_ORIG, CLIENT_ISN, 0, syn, "");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	pkt = ct_lines_segment(CT_DIR_REPLY, SERVER_ISN,
			       ct_lines.seq[CT_DIR_ORIG], syn | ack, "");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	pkt = ct_lines_segment(CT_DIR_ORIG, ct_lines.seq[CT_DIR_ORIG],
			       ct_lines.seq[CT_DIR_REPLY], ack, "");
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
}

/* The client says something that begins at a number. */
struct ct_pkt ct_lines_say_at(uint32_t at, const char *text)
{
	return ct_lines_segment(CT_DIR_ORIG, at, ct_lines.seq[CT_DIR_REPLY],
				CT_TEST_ACK | CT_TEST_PSH, text);
}

struct ct_pkt ct_lines_say(const char *text)
{
	struct ct_pkt pkt = ct_lines_say_at(ct_lines.seq[CT_DIR_ORIG], text);

	ct_lines.seq[CT_DIR_ORIG] += (uint32_t)strlen(text);
	ck_assert_int_eq(ct_lines_go(&pkt), CT_ACCEPT);
	return pkt;
}

uint32_t ct_lines_number(const struct ct_pkt *pkt, uint32_t off)
{
	return ct_load_u32(pkt->data + pkt->l4_off + off);
}

/* => Payload, length and sums are right. */
void ct_lines_carries(const struct ct_pkt *pkt, const char *text)
{
	uint32_t header = pkt->l4 == TCP ? 20 : 8;
	uint32_t len = (uint32_t)strlen(text);
	struct ct_test_packet right = ct_lines.w.p;
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

void ct_lines_in_order(void)
{
	ck_assert_int_eq(ct_param_set(ct_lines.w.tbl, "helper.stream", 64), 0);
}
