/* SPDX-License-Identifier: BSD-2-Clause */
/* Two ends that talk; see parley.h. */
#include "parley.h"

#include <arpa/inet.h>
#include <check.h>
#include <conntrack/expect.h>
#include <netinet/in.h>
#include <string.h>

enum { TCP_LEN = 20, UDP_LEN = 8, TAILROOM = 1024 };

static enum ct_dir other(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
}

static uint32_t payload_off(const struct ct_parley *parley)
{
	return ct_test_l4_off(&parley->w->p) +
	       (uint32_t)(parley->def.l4 == IPPROTO_TCP ? TCP_LEN : UDP_LEN);
}

static uint32_t number(const struct ct_parley *parley, uint32_t off)
{
	const struct ct_test_packet *p = &parley->w->p;
	uint32_t at = ct_test_l4_off(p) + off;

	return (uint32_t)ct_nat_u16(p, at) << 16 | ct_nat_u16(p, at + 2);
}

/* A packet of so many bytes of payload, with what the end counts. */
static void build(struct ct_parley *parley, enum ct_dir who, uint8_t flags,
		  uint32_t len)
{
	struct ct_test_flow flow = parley->as[who];

	if (parley->def.l4 == IPPROTO_TCP) {
		const struct ct_test_segment seg = {
			.flags = flags,
			.win = 65535,
			.seq = parley->said[who],
			.ack = flags & CT_TEST_ACK ? parley->heard[who] : 0,
			.len = len,
		};

		ct_test_tcp(&parley->w->p, &flow, who, &seg);
	} else {
		ct_test_udp(&parley->w->p, &flow, who, len);
	}
}

static bool pass(struct ct_parley *parley, enum ct_dir who)
{
	struct ct_world *w = parley->w;
	struct ct_pkt pkt = ct_test_pkt(&w->p);
	struct ct_tuple t;

	pkt.tailroom = TAILROOM;
	pkt.policy = parley->policy;
	ck_assert_int_eq(ct_nat_step(w, &pkt, &parley->def.rules), CT_ACCEPT);
	if (ct_confirm(w->thr, &pkt) != CT_ACCEPT)
		return false;
	w->p.len = pkt.len;
	ct_world_audit(w);
	ct_nat_sums_right(&w->p);
	ck_assert_ptr_nonnull(pkt.conn);
	ck_assert_int_eq(pkt.dir, who);
	parley->conn = pkt.conn;

	ct_conn_tuple(pkt.conn, CT_DIR_REPLY, &t);
	memcpy(parley->as[CT_DIR_REPLY].src, &t.dst, 16);
	memcpy(parley->as[CT_DIR_REPLY].dst, &t.src, 16);
	parley->as[CT_DIR_REPLY].sport = ntohs(t.dst_id);
	parley->as[CT_DIR_REPLY].dport = ntohs(t.src_id);
	return true;
}

/* => What is heard, and how long it is. */
static const char *hear(struct ct_parley *parley)
{
	uint32_t off = payload_off(parley);
	uint32_t len = parley->w->p.len - off;

	ck_assert_uint_lt(len, sizeof(parley->text));
	memcpy(parley->text, parley->w->p.bytes + off, len);
	parley->text[len] = '\0';
	if (parley->def.l4 == IPPROTO_TCP)
		parley->out_seq = number(parley, 4);
	return parley->text;
}

static const char *say(struct ct_parley *parley, enum ct_dir who,
		       const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	build(parley, who, CT_TEST_PSH | CT_TEST_ACK, len);
	memcpy(parley->w->p.bytes + payload_off(parley), text, len);
	ct_test_sum(&parley->w->p);
	return pass(parley, who) ? hear(parley) : NULL;
}

const char *ct_parley_say(struct ct_parley *parley, enum ct_dir who,
			  const char *text)
{
	enum ct_dir to = other(who);
	const char *heard = say(parley, who, text);

	if (!heard || parley->def.l4 != IPPROTO_TCP)
		return heard;
	ck_assert_uint_eq(parley->out_seq, parley->heard[to]);
	parley->said[who] += (uint32_t)strlen(text);
	parley->heard[to] += (uint32_t)strlen(heard);
	/* What it acknowledges, the first one knows. */
	build(parley, to, CT_TEST_ACK, 0);
	ck_assert(pass(parley, to));
	ck_assert_uint_eq(number(parley, 8), parley->said[who]);
	return heard;
}

const char *ct_parley_again(struct ct_parley *parley, enum ct_dir who,
			    const char *text)
{
	const char *heard;

	parley->said[who] -= (uint32_t)strlen(text);
	heard = say(parley, who, text);
	parley->said[who] += (uint32_t)strlen(text);
	if (heard)
		ck_assert_uint_eq(parley->out_seq + (uint32_t)strlen(heard),
				  parley->heard[other(who)]);
	return heard;
}

static void shake(struct ct_parley *parley, enum ct_dir who, uint8_t flags)
{
	build(parley, who, flags, 0);
	ck_assert(pass(parley, who));
	if (!(flags & CT_TEST_SYN))
		return;
	parley->said[who]++;
	parley->heard[other(who)] = parley->said[who];
}

void ct_parley_open(struct ct_parley *parley, struct ct_world *w,
		    const struct ct_parley_def *def)
{
	struct ct_policy_def policy = { .size = sizeof(policy),
					.helper = def->helper,
					.flags = def->flags,
					.zone = def->zone };

	memset(parley, 0, sizeof(*parley));
	parley->w = w;
	parley->def = *def;
	parley->as[CT_DIR_ORIG] = *def->by;
	parley->as[CT_DIR_REPLY] = *def->by;
	parley->said[CT_DIR_ORIG] = 1000;
	parley->said[CT_DIR_REPLY] = 500000;
	ck_assert_int_eq(ct_policy_create(w->tbl, &policy, &parley->policy), 0);
	if (def->l4 != IPPROTO_TCP)
		return;
	shake(parley, CT_DIR_ORIG, CT_TEST_SYN);
	shake(parley, CT_DIR_REPLY, CT_TEST_SYN | CT_TEST_ACK);
	shake(parley, CT_DIR_ORIG, CT_TEST_ACK);
}

struct ct_pkt ct_parley_udp(struct ct_parley *parley,
			    const struct ct_test_flow *flow)
{
	ct_test_udp(&parley->w->p, flow, CT_DIR_ORIG, 10);
	return ct_nat_pass(parley->w, &parley->w->p, &parley->def.rules);
}

struct ct_pkt ct_parley_out(struct ct_parley *parley, uint16_t sport,
			    uint16_t dport)
{
	const struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
					   .src = { 10, 0, 0, 2 },
					   .dst = { 198, 51, 100, 5 },
					   .sport = sport,
					   .dport = dport };

	return ct_parley_udp(parley, &flow);
}

struct ct_pkt ct_parley_in(struct ct_parley *parley, uint16_t sport,
			   uint16_t dport)
{
	const struct ct_test_flow flow = { .l3 = CT_L3_IPV4,
					   .src = { 198, 51, 100, 5 },
					   .dst = { 203, 0, 113, 1 },
					   .sport = sport,
					   .dport = dport };

	return ct_parley_udp(parley, &flow);
}

static bool count(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

unsigned ct_parley_expected(struct ct_parley *parley)
{
	unsigned n = 0;

	ct_expect_walk(parley->w->thr, NULL, count, &n);
	return n;
}
