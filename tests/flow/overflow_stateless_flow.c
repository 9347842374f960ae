/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What finds no room and passes by a prefix: it leaves as if the other end of
 * the map had sent it, byte by byte, fragments and errors as well.
 *
 * Each story is told four times: over IPv4 and IPv6, with the verbs one by one
 * and by ct_forward_burst().
 */
#include "crowd.h"
#include "frag.h"
#include "nat.h"
#include "suite.h"

#include <string.h>

enum { IPV6 = 1, BURST = 2, WAYS = 4 };
enum { PART = 1000, PAYLOAD = 2 * PART - 8 };

static struct ct_world w;
static unsigned way;
static struct ct_test_flow inside, outside, router;

static void map(void)
{
	static const union ct_addr in4 = { .bytes = { 10 } };
	static const union ct_addr out4 = { .bytes = { 44 } };
	static const union ct_addr in6 = { .bytes = { 0x20, 1, 0xd, 0xb8, 0,
						      1 } };
	static const union ct_addr out6 = { .bytes = { 0x20, 1, 0xd, 0xb8, 0xff,
						       0xfe } };

	ck_assert_int_eq(ct_overflow_prefix(w.tbl, CT_L3_IPV4, &in4, &out4, 8),
			 0);
	ck_assert_int_eq(ct_overflow_prefix(w.tbl, CT_L3_IPV6, &in6, &out6, 48),
			 0);
}

/* A table of one place, which is taken and kept. */
static void start(unsigned how)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 1,
				       .profile = CT_PROFILE_RECOMMENDED };

	way = how;
	inside = way & IPV6 ? ct_test_flow6 : ct_test_flow4;
	outside = inside;
	outside.src[way & IPV6 ? 4 : 0] = way & IPV6 ? 0xff : 44;
	outside.src[5] = way & IPV6 ? 0xfe : 0;
	ct_world_create(&w, &cfg);
	map();
	ct_world_attach(&w);
	ct_crowd_set(&w, "overflow.policy", CT_OVERFLOW_REFUSE);
	ct_crowd_set(&w, "overflow.verdict", CT_OVERFLOW_STATELESS);
	ct_crowd_set(&w, "nat.leak_proof", 1);
	ck_assert_uint_eq(ct_crowd_arrive(&w, 7), 0);
}

static void end(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static enum ct_verdict by_verbs(struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(w.thr, pkt, CT_HOOK_PREROUTING);

	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w.thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w.thr, pkt, CT_HOOK_POSTROUTING);
	return verdict == CT_ACCEPT ? ct_confirm(w.thr, pkt) : verdict;
}

/* => Its verdict; the packet as it leaves. */
static enum ct_verdict go(struct ct_test_packet *p, struct ct_pkt *pkt)
{
	enum ct_verdict verdict;

	*pkt = ct_test_pkt(p);
	if (!(way & BURST))
		return by_verbs(pkt);
	ct_forward_burst(w.thr, &pkt, 1, NULL, &verdict);
	return verdict;
}

static unsigned told(struct ct_test_packet *p)
{
	struct ct_pkt pkt;

	go(p, &pkt);
	ck_assert_ptr_null(pkt.conn);
	return pkt.reason;
}

static void leaves_as(struct ct_test_packet *p,
		      const struct ct_test_packet *wanted,
		      enum ct_reason reason)
{
	struct ct_pkt pkt;

	ck_assert_int_eq(go(p, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(pkt.reason, reason);
	ck_assert_uint_eq(pkt.state, CT_UNTRACKED);
	ck_assert_uint_eq(pkt.len, wanted->len);
	ck_assert_mem_eq(pkt.data, wanted->bytes, wanted->len);
}

/* --- Fragments ------------------------------------------------------------ */

/* The flow that a packet of a direction comes by, and the one it leaves by. */
static const struct ct_test_flow *comes(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? &inside : &outside;
}

static const struct ct_test_flow *leaves(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? &outside : &inside;
}

static void cut(struct ct_test_packet *piece, const struct ct_test_flow *flow,
		enum ct_dir dir, uint32_t off)
{
	struct ct_test_packet whole;

	ct_test_udp(&whole, flow, dir, PAYLOAD);
	ct_test_cut(piece, &whole, (struct ct_test_part){ 5, off, PART });
}

static void in_order(enum ct_dir dir)
{
	struct ct_test_packet piece, wanted;

	for (uint32_t off = 0; off < 2 * PART; off += PART) {
		cut(&piece, comes(dir), dir, off);
		cut(&wanted, leaves(dir), dir, off);
		leaves_as(&piece, &wanted, CT_R_OVERFLOW_STATELESS);
	}
}

START_TEST(fragments_are_translated_by_address)
{
	start((unsigned)_i);
	in_order(CT_DIR_ORIG);
	in_order(CT_DIR_REPLY);
	end();
}
END_TEST

START_TEST(who_waited_for_the_first_is_translated_as_well)
{
	struct ct_test_packet piece, first, wanted;
	struct ct_pkt pkt, next = { 0 };

	start((unsigned)_i);
	cut(&piece, &inside, CT_DIR_ORIG, PART);
	ck_assert_int_eq(go(&piece, &pkt), CT_STOLEN);
	cut(&first, &inside, CT_DIR_ORIG, 0);
	ck_assert_int_eq(go(&first, &pkt), CT_ACCEPT);
	ck_assert(ct_frag_next(w.thr, &pkt, &next));
	cut(&wanted, &outside, CT_DIR_ORIG, 0);
	ck_assert_mem_eq(next.data, wanted.bytes, wanted.len);
	ck_assert(ct_frag_next(w.thr, &pkt, &next));
	cut(&wanted, &outside, CT_DIR_ORIG, PART);
	ck_assert_mem_eq(next.data, wanted.bytes, wanted.len);
	ck_assert(!ct_frag_next(w.thr, &pkt, &next));
	end();
}
END_TEST

START_TEST(what_was_put_together_is_cut_again)
{
	struct ct_test_packet piece, wanted;
	struct ct_test_sent sent = { 0 };
	struct ct_pkt pkt;

	start((unsigned)_i);
	ct_crowd_set(&w, "frag.mode", 1);
	cut(&piece, &inside, CT_DIR_ORIG, 0);
	ck_assert_int_eq(go(&piece, &pkt), CT_STOLEN);
	cut(&piece, &inside, CT_DIR_ORIG, PART);
	ck_assert_int_eq(go(&piece, &pkt), CT_ACCEPT);
	ct_test_send(&w, &pkt, &sent);
	ct_test_join(&sent, &piece);
	ct_test_udp(&wanted, &outside, CT_DIR_ORIG, PAYLOAD);
	ck_assert_mem_eq(piece.bytes + ct_test_l4_off(&piece),
			 wanted.bytes + ct_test_l4_off(&wanted), PAYLOAD + 8);
	end();
}
END_TEST

/* --- Errors --------------------------------------------------------------- */

/* Too large for a link (RFC 792, RFC 4443 3.2), or another. */
static struct ct_test_icmp too_large(void)
{
	return (struct ct_test_icmp){ .type = way & IPV6 ? 2 : 3,
				      .code = way & IPV6 ? 0 : 4 };
}

/* An error to the sender of what is quoted. */
static void complain(struct ct_test_packet *p, struct ct_test_icmp icmp,
		     const struct ct_test_flow *flow, enum ct_dir dir,
		     const struct ct_test_packet *about, uint32_t len)
{
	icmp.rest = about->bytes;
	icmp.rest_len = len;
	ct_test_icmp(p, flow, dir, &icmp);
}

typedef void builder(struct ct_test_packet *p, const struct ct_test_flow *flow,
		     enum ct_dir dir);

static void datagram(struct ct_test_packet *p, const struct ct_test_flow *flow,
		     enum ct_dir dir)
{
	ct_test_udp(p, flow, dir, 100);
}

static void segment(struct ct_test_packet *p, const struct ct_test_flow *flow,
		    enum ct_dir dir)
{
	const struct ct_test_segment seg = { .flags = CT_TEST_SYN, .seq = 77 };

	ct_test_tcp(p, flow, dir, &seg);
}

static void echo(struct ct_test_packet *p, const struct ct_test_flow *flow,
		 enum ct_dir dir)
{
	const struct ct_test_icmp icmp = { .type = way & IPV6 ? 128 : 8,
					   .id = 4711 };

	ct_test_icmp(p, flow, dir, &icmp);
}

/* A packet passes, and an error about it comes back, with so much of it. */
static void answer_with_error(builder *build, enum ct_dir dir, uint32_t quoted)
{
	enum ct_dir back = dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct ct_test_packet was, is, error, wanted;

	build(&was, comes(dir), dir);
	build(&is, leaves(dir), dir);
	error = was;
	leaves_as(&error, &is, CT_R_OVERFLOW_STATELESS);
	quoted += ct_test_l4_off(&was);
	complain(&error, too_large(), leaves(dir), back, &is, quoted);
	complain(&wanted, too_large(), comes(dir), back, &was, quoted);
	leaves_as(&error, &wanted, CT_R_OVERFLOW_ERROR);
}

START_TEST(errors_are_translated_with_what_they_quote)
{
	builder *const builders[] = { datagram, segment, echo };

	start((unsigned)_i);
	for (unsigned i = 0; i < 3; i++) {
		answer_with_error(builders[i], CT_DIR_ORIG, 8);
		answer_with_error(builders[i], CT_DIR_REPLY, 8);
	}
	answer_with_error(datagram, CT_DIR_ORIG, 108);
	answer_with_error(segment, CT_DIR_ORIG, 20);
	answer_with_error(segment, CT_DIR_REPLY, 20);
	ck_assert_uint_eq(ct_crowd_pressure(&w).refused[0], 9);
	end();
}
END_TEST

/* An error that a router on the way sends to the one whose datagram passed. */
static void from_router(struct ct_test_packet *p, struct ct_test_icmp icmp)
{
	struct ct_test_packet about;

	ct_test_udp(&about, &outside, CT_DIR_ORIG, 10);
	router = outside;
	router.dst[3] ^= 0x55;
	complain(p, icmp, &router, CT_DIR_REPLY, &about, about.len);
}

START_TEST(errors_are_believed_as_long_as_they_may_come)
{
	struct ct_test_packet p;

	start((unsigned)_i);
	ct_crowd_set(&w, "nat.leak_proof", 0);
	from_router(&p, too_large());
	ck_assert_uint_eq(told(&p), CT_R_ICMP_QUOTE_UNKNOWN);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 10);
	ck_assert_uint_eq(told(&p), CT_R_OVERFLOW_STATELESS);
	ct_world_wait(&w, 119 * CT_WORLD_S);
	from_router(&p, too_large());
	ck_assert_uint_eq(told(&p), CT_R_OVERFLOW_ERROR);
	ck_assert_mem_eq(p.bytes + (way & IPV6 ? 24 : 16), inside.src,
			 way & IPV6 ? 16 : 4);
	ct_nat_sums_right(&p);
	ct_world_wait(&w, 3 * CT_WORLD_S);
	from_router(&p, too_large());
	ck_assert_uint_eq(told(&p), CT_R_ICMP_QUOTE_UNKNOWN);
	end();
}
END_TEST

START_TEST(an_error_to_somebody_else_is_not_believed)
{
	struct ct_test_packet p, about;

	start((unsigned)_i);
	ct_crowd_set(&w, "nat.leak_proof", 0);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 10);
	ck_assert_uint_eq(told(&p), CT_R_OVERFLOW_STATELESS);
	ct_test_udp(&about, &outside, CT_DIR_ORIG, 10);
	router = outside;
	router.src[3] ^= 0x55;
	complain(&p, too_large(), &router, CT_DIR_REPLY, &about, about.len);
	ck_assert_uint_eq(told(&p), CT_R_ICMP_QUOTE_ADDRESS);
	/* Nor one that quotes addresses of no prefix. */
	router = outside;
	router.src[0] ^= 0x50;
	ct_test_udp(&about, &router, CT_DIR_ORIG, 10);
	complain(&p, too_large(), &router, CT_DIR_REPLY, &about, about.len);
	ck_assert_uint_eq(told(&p), CT_R_ICMP_QUOTE_UNKNOWN);
	end();
}
END_TEST

START_TEST(a_redirect_is_dropped)
{
	const struct ct_test_icmp redirect = { .type = 5 };
	struct ct_test_packet p;

	start((unsigned)_i & ~(unsigned)IPV6);
	ct_test_udp(&p, &inside, CT_DIR_ORIG, 10);
	ck_assert_uint_eq(told(&p), CT_R_OVERFLOW_STATELESS);
	from_router(&p, redirect);
	ck_assert_uint_eq(told(&p), CT_R_NAT_UNTRANSLATABLE);
	end();
}
END_TEST

/* --- What is not mapped ----------------------------------------------------- */

START_TEST(what_no_prefix_covers_does_not_leak)
{
	struct ct_test_packet p, wanted;
	struct ct_test_flow other;

	start((unsigned)_i);
	other = inside;
	other.src[0] ^= 0x50;
	ct_test_udp(&p, &other, CT_DIR_ORIG, 10);
	ck_assert_uint_eq(told(&p), CT_R_NAT_LEAK);
	ct_crowd_set(&w, "nat.leak_proof", 0);
	ct_test_udp(&p, &other, CT_DIR_ORIG, 10);
	wanted = p;
	leaves_as(&p, &wanted, CT_R_OVERFLOW_STATELESS);
	end();
}
END_TEST

START_TEST(a_router_without_an_outside_address_tells_all_the_same)
{
	struct ct_test_packet p, was, is, wanted;

	start((unsigned)_i);
	ct_crowd_set(&w, "nat.leak_proof", 0);
	ct_test_udp(&was, &outside, CT_DIR_REPLY, 10);
	ct_test_udp(&is, &inside, CT_DIR_REPLY, 10);
	p = was;
	leaves_as(&p, &is, CT_R_OVERFLOW_STATELESS);
	router = inside;
	router.src[0] ^= 0x50;
	complain(&p, too_large(), &router, CT_DIR_ORIG, &is, is.len);
	complain(&wanted, too_large(), &router, CT_DIR_ORIG, &was, was.len);
	leaves_as(&p, &wanted, CT_R_OVERFLOW_ERROR);
	end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("overflow_stateless");
	TCase *tc = tcase_create("fragments");

	tcase_add_loop_test(tc, fragments_are_translated_by_address, 0, WAYS);
	tcase_add_loop_test(tc, who_waited_for_the_first_is_translated_as_well,
			    0, WAYS);
	tcase_add_loop_test(tc, what_was_put_together_is_cut_again, 0, WAYS);
	suite_add_tcase(suite, tc);

	tc = tcase_create("errors");
	tcase_add_loop_test(tc, errors_are_translated_with_what_they_quote, 0,
			    WAYS);
	tcase_add_loop_test(tc, errors_are_believed_as_long_as_they_may_come, 0,
			    WAYS);
	tcase_add_loop_test(tc, an_error_to_somebody_else_is_not_believed, 0,
			    WAYS);
	tcase_add_loop_test(tc, a_redirect_is_dropped, 0, WAYS);
	suite_add_tcase(suite, tc);

	tc = tcase_create("not mapped");
	tcase_add_loop_test(tc, what_no_prefix_covers_does_not_leak, 0, WAYS);
	tcase_add_loop_test(
		tc, a_router_without_an_outside_address_tells_all_the_same, 0,
		WAYS);
	suite_add_tcase(suite, tc);
	return suite;
}
