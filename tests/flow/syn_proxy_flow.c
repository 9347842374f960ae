/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshakes that the table answers in the server's place: what the client, the
 * server and the tracker see of each other, from the SYN to the last ACK.
 *
 * Most stories are told eight times: over IPv4 and IPv6, with the verbs one by
 * one and by ct_forward_burst(), with both ends translated and without.
 */
#include "nat.h"
#include "suite.h"
#include "wire/build.h"
#include "wire/tcpopt.h"
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/burst.h>
#include <conntrack/pressure.h>
#include <string.h>

enum { MAX = 200, ISN = 1000, SERVER = 70000, ROOM = 64, WAYS = 8 };
enum { IPV6 = 1, BURST = 2, NAT = 4 };
enum { CLIENT_WS = 6, SERVER_WS = 9, GIVEN_WS = 7 };
enum { CLIENT_TS = 111000, SERVER_TS = 0x90000000 };

static struct ct_world w;
static unsigned kind;               /* set of IPV6, BURST, NAT */
static struct ct_test_flow flow;    /* as the client sees it */
static struct ct_test_flow outside; /* as the server does */
static struct ct_nat_range to_server, from_router;

/* What the table sent by itself. */
static struct {
	struct ct_test_packet p[8];
	unsigned n;
} sent;

/* What left: as the other end reads it. */
struct heard {
	struct ct_segment seg;
	struct ct_tcpopt opt;
};

static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_test_packet *p = &sent.p[sent.n++ % 8];

	(void)user;
	ck_assert_uint_le(pkt->len, sizeof(p->bytes));
	ck_assert(pkt->flags & CT_PKT_UNTRACKED);
	memset(p, 0, sizeof(*p));
	memcpy(p->bytes, pkt->data, pkt->len);
	p->len = pkt->len;
	p->l3 = pkt->l3;
	p->l4 = 6;
}

static void set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(w.tbl, name, value), 0);
}

static void start(unsigned which, uint32_t mode)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = MAX,
				       .host = &host };

	kind = which;
	sent.n = 0;
	ct_world_create(&w, &cfg);
	set("overflow.syn_proxy", mode);
	ct_world_attach(&w);
	flow = kind & IPV6 ? ct_world_flow6(7) : ct_world_flow(7);
	to_server = kind & IPV6 ? ct_nat_to6(9) : ct_nat_to(0x0a090909);
	from_router = kind & IPV6 ? ct_nat_to6(1) : ct_nat_to(0xcb007101);
}

static void end(void)
{
	ct_world_settle(&w);
	ct_world_end(&w);
}

static struct heard hear(const struct ct_test_packet *p)
{
	struct heard heard;

	ct_nat_sums_right(p);
	ck_assert(ct_segment_read(&heard.seg, p->l3, p->bytes, p->len));
	ct_tcpopt_parse(ct_cursor_of(heard.seg.options, heard.seg.options_len),
			&heard.opt);
	return heard;
}

static struct heard hear_sent(unsigned n)
{
	ck_assert_uint_lt(n, sent.n);
	return hear(&sent.p[n]);
}

/* --- The router ---------------------------------------------------------- */

static enum ct_verdict rule(void *user, struct ct_thread *thr,
			    struct ct_pkt *pkt)
{
	(void)user;
	if (kind & NAT) {
		ck_assert_int_eq(ct_nat_setup(thr, pkt, CT_NAT_DST, &to_server),
				 0);
		ck_assert_int_eq(
			ct_nat_setup(thr, pkt, CT_NAT_SRC, &from_router), 0);
	}
	return CT_ACCEPT;
}

static enum ct_verdict by_burst(struct ct_pkt *pkt)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.new_conn = rule };
	enum ct_verdict verdict;

	ct_forward_burst(w.thr, &pkt, 1, &rules, &verdict);
	return verdict;
}

static enum ct_verdict by_verbs(struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(w.thr, pkt, CT_HOOK_PREROUTING);

	if (verdict != CT_ACCEPT)
		return verdict;
	if (pkt->conn && !(ct_conn_status(pkt->conn) & CT_S_CONFIRMED))
		rule(NULL, w.thr, pkt);
	verdict = ct_nat_apply(w.thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(w.thr, pkt, CT_HOOK_POSTROUTING);
	return verdict == CT_ACCEPT ? ct_confirm(w.thr, pkt) : verdict;
}

/* The whole way of w.p; it is as it leaves afterwards. */
static struct ct_pkt route_with(uint32_t tailroom, const struct ct_policy *by)
{
	struct ct_pkt pkt = ct_test_pkt(&w.p);
	enum ct_verdict verdict;

	pkt.tailroom = tailroom;
	pkt.policy = by;
	verdict = kind & BURST ? by_burst(&pkt) : by_verbs(&pkt);
	if (verdict != CT_ACCEPT)
		pkt.conn = NULL;
	pkt.user = verdict == CT_ACCEPT ? &w : NULL;
	w.p.len = pkt.len;
	ct_world_audit(&w);
	return pkt;
}

/* => Why it did not pass, or what it was to its connection. */
static unsigned dropped(void)
{
	struct ct_pkt pkt = route_with(ROOM, NULL);

	ck_assert_ptr_null(pkt.user);
	return pkt.reason;
}

static struct heard passed(void)
{
	struct ct_pkt pkt = route_with(ROOM, NULL);

	ck_assert_msg(pkt.user && pkt.conn, "%s",
		      ct_reason_text(pkt.reason)->text);
	return hear(&w.p);
}

/* --- The ends ------------------------------------------------------------- */

/* MSS, SACK, time stamps, shift: what a usual SYN has. */
static uint32_t offer(uint8_t options[40], uint16_t mss, uint8_t shift,
		      uint32_t tsval, uint32_t tsecr)
{
	const struct ct_tcpopt opt = {
		.has_mss = true,
		.mss = mss,
		.sack_perm = true,
		.has_wscale = true,
		.wscale = shift,
		.has_timestamp = true,
		.tsval = tsval,
		.tsecr = tsecr,
	};

	return ct_tcpopt_write(options, &opt);
}

static uint32_t stamp(uint8_t options[40], uint32_t tsval, uint32_t tsecr)
{
	const struct ct_tcpopt opt = { .has_timestamp = true,
				       .tsval = tsval,
				       .tsecr = tsecr };

	return ct_tcpopt_write(options, &opt);
}

static void client(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 500, .seq = seq, .ack = ack, .len = len
	};

	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
}

static void server(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 300, .seq = seq, .ack = ack, .len = len
	};

	ct_test_tcp(&w.p, &outside, CT_DIR_REPLY, &seg);
}

static void client_says(uint8_t flags, uint32_t seq, uint32_t ack,
			uint32_t tsval, uint32_t tsecr)
{
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = flags,
		.win = 500,
		.seq = seq,
		.ack = ack,
		.options = options,
		.options_len = stamp(options, tsval, tsecr),
	};

	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
}

static void server_says(uint8_t flags, uint32_t seq, uint32_t ack,
			uint32_t tsval, uint32_t tsecr)
{
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = flags,
		.win = 300,
		.seq = seq,
		.ack = ack,
		.options = options,
		.options_len = stamp(options, tsval, tsecr),
		.len = 10,
	};

	ct_test_tcp(&w.p, &outside, CT_DIR_REPLY, &seg);
}

/* The SYN of a client with all options; => what it is answered. */
static struct heard syn_of_all(void)
{
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = CT_TEST_SYN,
		.win = 64000,
		.seq = ISN,
		.options = options,
		.options_len = offer(options, 1400, CLIENT_WS, CLIENT_TS, 0),
	};

	sent.n = 0;
	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
	ck_assert_uint_eq(dropped(), CT_R_SYN_COOKIE);
	return hear_sent(0);
}

/* The same without any; => the cookie. */
static uint32_t knock(void)
{
	struct heard back;

	sent.n = 0;
	client(CT_TEST_SYN, ISN, 0, 0);
	ck_assert_uint_eq(dropped(), CT_R_SYN_COOKIE);
	back = hear_sent(0);
	sent.n = 0;
	return back.seg.seq;
}

/* From now on the server answers as the packet that left wants it. */
static void meet_server(const struct heard *syn)
{
	outside = flow;
	memcpy(outside.src, syn->seg.src.bytes, sizeof(outside.src));
	memcpy(outside.dst, syn->seg.dst.bytes, sizeof(outside.dst));
	outside.sport = ntohs(syn->seg.src_port);
	outside.dport = ntohs(syn->seg.dst_port);
	ck_assert_int_eq(memcmp(outside.dst, flow.dst, 16) != 0,
			 (kind & NAT) != 0);
}

static struct heard open_by(uint32_t cookie)
{
	struct heard syn;

	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	syn = passed();
	meet_server(&syn);
	return syn;
}

/* Without options, up to the client's window; => the cookie. */
static uint32_t establish(void)
{
	uint32_t cookie = knock();

	open_by(cookie);
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	passed();
	sent.n = 0;
	return cookie;
}

static struct ct_conn *found(void)
{
	struct ct_tuple t = ct_world_tuple(&flow, CT_DIR_ORIG);

	t.l4 = 6;
	return ct_find(w.thr, &t, NULL);
}

static const char *state(void)
{
	return ct_conn_state_name(w.tbl, found());
}

static struct ct_pressure pressure(void)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(w.tbl, &now), 0);
	return now;
}

/* --- The SYN --------------------------------------------------------------- */

START_TEST(a_syn_is_answered_and_nothing_is_kept)
{
	struct heard back;

	start((unsigned)_i, 2);
	back = syn_of_all();
	ck_assert_uint_eq(back.seg.flags, CT_SEG_SYN | CT_SEG_ACK);
	ck_assert_uint_eq(back.seg.ack, ISN + 1);
	ck_assert_uint_eq(back.seg.window, 0);
	ck_assert_mem_eq(back.seg.dst.bytes, flow.src, kind & IPV6 ? 16 : 4);
	ck_assert_uint_eq(ntohs(back.seg.src_port), flow.dport);
	ck_assert(back.opt.has_mss && back.opt.sack_perm &&
		  back.opt.has_wscale && back.opt.has_timestamp);
	ck_assert_uint_eq(back.opt.mss, kind & IPV6 ? 1440 : 1460);
	ck_assert_uint_eq(back.opt.wscale, GIVEN_WS);
	ck_assert_uint_eq(back.opt.tsecr, CLIENT_TS);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(pressure().cookies, 1);
	end();
}
END_TEST

START_TEST(who_offers_nothing_is_offered_a_segment_size)
{
	struct heard back;

	start((unsigned)_i, 2);
	client(CT_TEST_SYN, ISN, 0, 0);
	ck_assert_uint_eq(dropped(), CT_R_SYN_COOKIE);
	back = hear_sent(0);
	ck_assert(back.opt.has_mss);
	ck_assert(!back.opt.sack_perm && !back.opt.has_wscale &&
		  !back.opt.has_timestamp);
	end();
}
END_TEST

START_TEST(a_syn_again_has_the_same_cookie)
{
	struct heard first, again;

	start((unsigned)_i, 2);
	first = syn_of_all();
	again = syn_of_all();
	ck_assert_uint_eq(again.seg.seq, first.seg.seq);
	end();
}
END_TEST

/* --- The ACK ----------------------------------------------------------------- */

START_TEST(the_ack_becomes_the_syn)
{
	struct heard back, syn;

	start((unsigned)_i, 2);
	back = syn_of_all();
	client_says(CT_TEST_ACK, ISN + 1, back.seg.seq + 1, CLIENT_TS + 5,
		    back.opt.tsval);
	syn = passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.seq, ISN);
	ck_assert_uint_eq(syn.seg.ack, 0);
	ck_assert_uint_eq(syn.seg.window, 500 << CLIENT_WS);
	ck_assert_uint_eq(syn.seg.data_len, 0);
	ck_assert_uint_eq(syn.opt.mss, 1400);
	ck_assert(syn.opt.sack_perm);
	ck_assert_uint_eq(syn.opt.wscale, CLIENT_WS);
	ck_assert_uint_eq(syn.opt.tsval, CLIENT_TS + 5);
	ck_assert_uint_eq(syn.opt.tsecr, 0);
	ck_assert_str_eq(state(), "SYN_SENT");
	ck_assert_uint_eq(pressure().cookies_good, 1);
	end();
}
END_TEST

START_TEST(what_cannot_be_a_cookie_is_invalid)
{
	struct ct_pkt pkt;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	client(CT_TEST_ACK, ISN + 1, cookie + 2, 0);
	pkt = route_with(ROOM, NULL);
	ck_assert_uint_eq(pkt.state, CT_INVALID);
	ck_assert_uint_eq(pkt.reason, CT_R_SYN_BAD_COOKIE);
	client(CT_TEST_ACK, ISN + 9, cookie + 1, 0);
	ck_assert_uint_eq(route_with(ROOM, NULL).reason, CT_R_SYN_BAD_COOKIE);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	ck_assert_uint_eq(pressure().cookies_bad, 2);
	end();
}
END_TEST

START_TEST(a_cookie_lasts_over_one_change_of_keys)
{
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	ct_world_wait(&w, 64 * CT_WORLD_S);
	open_by(cookie);
	ck_assert_str_eq(state(), "SYN_SENT");
	end();
}
END_TEST

START_TEST(a_cookie_does_not_last_over_two)
{
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	ct_world_wait(&w, 128 * CT_WORLD_S);
	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	ck_assert_uint_eq(route_with(ROOM, NULL).reason, CT_R_SYN_BAD_COOKIE);
	end();
}
END_TEST

START_TEST(data_in_the_ack_waits)
{
	struct heard syn;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	client(CT_TEST_ACK | CT_TEST_PSH, ISN + 1, cookie + 1, 700);
	syn = passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.data_len, 0);
	ck_assert_uint_eq(w.p.len, ct_test_l4_off(&w.p) + 24);
	end();
}
END_TEST

START_TEST(a_question_for_the_window_redeems_the_cookie_of_a_lost_ack)
{
	struct heard syn;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	client(CT_TEST_ACK, ISN, cookie + 1, 0);
	syn = passed();
	ck_assert_uint_eq(syn.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(syn.seg.seq, ISN);
	end();
}
END_TEST

START_TEST(without_room_for_its_options_the_ack_is_dropped)
{
	uint32_t cookie;
	struct ct_pkt pkt;

	start((unsigned)_i, 2);
	cookie = knock();
	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	pkt = route_with(3, NULL);
	ck_assert_uint_eq(pkt.reason, CT_R_SYN_NO_ROOM);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	pkt = route_with(4, NULL);
	ck_assert_ptr_nonnull(pkt.conn);
	end();
}
END_TEST

START_TEST(a_partial_sum_stays_one)
{
	struct ct_pkt pkt;
	uint32_t cookie, sum;

	start((unsigned)_i, 2);
	cookie = knock();
	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	pkt = ct_test_pkt(&w.p);
	pkt.tailroom = ROOM;
	pkt.csum = CT_CSUM_PARTIAL;
	ck_assert_int_eq(kind & BURST ? by_burst(&pkt) : by_verbs(&pkt),
			 CT_ACCEPT);
	w.p.len = pkt.len;
	/* What a card does: the sum over the segment, its field included. */
	sum = ct_test_l4_off(&w.p) + 16;
	ct_nat_put(&w.p, sum, (uint16_t)ct_nat_u16(&w.p, sum));
	{
		uint64_t all = 0;

		for (uint32_t i = ct_test_l4_off(&w.p); i < w.p.len; i += 2)
			all += ct_nat_u16(&w.p, i);
		while (all >> 16)
			all = (all & 0xffff) + (all >> 16);
		ct_nat_put(&w.p, sum, (uint16_t)~all);
	}
	ct_nat_sums_right(&w.p);
	end();
}
END_TEST

/* --- The server answers ------------------------------------------------------ */

START_TEST(both_ends_are_told_that_they_are_connected)
{
	struct heard ack, update;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	update = passed();
	ck_assert_uint_eq(update.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(update.seg.seq, cookie + 1);
	ck_assert_uint_eq(update.seg.ack, ISN + 1);
	ck_assert_uint_eq(update.seg.window, 300);
	ck_assert_uint_eq(update.seg.options_len, 0);
	ck_assert_mem_eq(update.seg.dst.bytes, flow.src, kind & IPV6 ? 16 : 4);
	ck_assert_mem_eq(update.seg.src.bytes, flow.dst, kind & IPV6 ? 16 : 4);

	ck_assert_uint_eq(sent.n, 1);
	ack = hear_sent(0);
	ck_assert_uint_eq(ack.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(ack.seg.seq, ISN + 1);
	ck_assert_uint_eq(ack.seg.ack, SERVER + 1);
	ck_assert_mem_eq(ack.seg.dst.bytes, outside.dst, kind & IPV6 ? 16 : 4);
	ck_assert_mem_eq(ack.seg.src.bytes, outside.src, kind & IPV6 ? 16 : 4);
	ck_assert_str_eq(state(), "ESTABLISHED");
	ck_assert(ct_conn_status(found()) & CT_S_ASSURED);
	end();
}
END_TEST

START_TEST(numbers_are_shifted_for_life)
{
	struct heard said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = establish();
	client(CT_TEST_ACK | CT_TEST_PSH, ISN + 1, cookie + 1, 100);
	said = passed();
	ck_assert_uint_eq(said.seg.seq, ISN + 1);
	ck_assert_uint_eq(said.seg.ack, SERVER + 1);
	ck_assert_uint_eq(said.seg.data_len, 100);
	server(CT_TEST_ACK | CT_TEST_PSH, SERVER + 1, ISN + 101, 200);
	said = passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.ack, ISN + 101);
	ck_assert_uint_eq(said.seg.window, 300);
	client(CT_TEST_FIN | CT_TEST_ACK, ISN + 101, cookie + 201, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.ack, SERVER + 201);
	server(CT_TEST_FIN | CT_TEST_ACK, SERVER + 201, ISN + 102, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 201);
	client(CT_TEST_ACK, ISN + 102, cookie + 202, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.ack, SERVER + 202);
	ck_assert_str_eq(state(), "TIME_WAIT");
	end();
}
END_TEST

START_TEST(what_the_ends_do_not_send_is_invalid)
{
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = establish();
	/* The server's own numbers are none that a client can acknowledge. */
	client(CT_TEST_ACK, ISN + 1, cookie + 5000, 0);
	ck_assert_uint_eq(route_with(ROOM, NULL).reason, CT_R_TCP_ACK_UNSENT);
	client(CT_TEST_ACK, ISN + 900000, cookie + 1, 10);
	ck_assert_uint_eq(route_with(ROOM, NULL).reason, CT_R_TCP_ABOVE_WINDOW);
	end();
}
END_TEST

/* Both with all options, whose shifts and clocks differ. */
static struct heard establish_all(uint32_t *cookie, uint32_t *given)
{
	struct heard back = syn_of_all(), syn;
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = CT_TEST_SYN | CT_TEST_ACK,
		.win = 65000,
		.seq = SERVER,
		.ack = ISN + 1,
		.options = options,
		.options_len = offer(options, 1300, SERVER_WS, SERVER_TS,
				     CLIENT_TS + 5),
	};

	*cookie = back.seg.seq;
	*given = back.opt.tsval;
	client_says(CT_TEST_ACK, ISN + 1, *cookie + 1, CLIENT_TS + 5, *given);
	syn = passed();
	meet_server(&syn);
	sent.n = 0;
	ct_test_tcp(&w.p, &outside, CT_DIR_REPLY, &seg);
	return passed();
}

START_TEST(time_stamps_and_windows_are_converted)
{
	struct heard said;
	uint32_t cookie, given;

	start((unsigned)_i, 2);
	said = establish_all(&cookie, &given);
	ck_assert_uint_eq(said.opt.tsval, given);
	ck_assert_uint_eq(said.opt.tsecr, CLIENT_TS + 5);
	ck_assert_uint_eq(said.seg.window, 65000 >> GIVEN_WS);
	ck_assert(!said.opt.has_mss && !said.opt.has_wscale);
	said = hear_sent(0);
	ck_assert_uint_eq(said.opt.tsval, CLIENT_TS + 5);
	ck_assert_uint_eq(said.opt.tsecr, SERVER_TS);
	ck_assert_uint_eq(said.seg.window, 500);

	server_says(CT_TEST_ACK, SERVER + 1, ISN + 1, SERVER_TS + 40,
		    CLIENT_TS + 5);
	said = passed();
	ck_assert_uint_eq(said.opt.tsval, given + 40);
	ck_assert_uint_eq(said.seg.window, 300 << SERVER_WS >> GIVEN_WS);
	client_says(CT_TEST_ACK, ISN + 1, cookie + 11, CLIENT_TS + 60,
		    given + 40);
	said = passed();
	ck_assert_uint_eq(said.opt.tsval, CLIENT_TS + 60);
	ck_assert_uint_eq(said.opt.tsecr, SERVER_TS + 40);
	ck_assert_uint_eq(said.seg.window, 500);
	ck_assert_uint_eq(said.seg.ack, SERVER + 11);
	end();
}
END_TEST

START_TEST(a_server_without_options_gets_on_with_a_client_that_has_them)
{
	struct heard back, said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	back = syn_of_all();
	cookie = back.seg.seq;
	client_says(CT_TEST_ACK, ISN + 1, cookie + 1, CLIENT_TS + 5,
		    back.opt.tsval);
	said = passed();
	meet_server(&said);
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.window, 300 >> GIVEN_WS);
	ck_assert(!said.opt.has_timestamp);
	/* It may send what the client's window allows, scaled. */
	client_says(CT_TEST_ACK, ISN + 1, cookie + 1, CLIENT_TS + 9,
		    back.opt.tsval);
	said = passed();
	ck_assert_uint_eq(said.opt.tsval, CLIENT_TS + 9);
	server(CT_TEST_ACK, SERVER + 1 + 20000, ISN + 1, 1000);
	said = passed();
	ck_assert_uint_eq(said.seg.seq, cookie + 1 + 20000);
	ck_assert_uint_eq(said.seg.window, 300 >> GIVEN_WS);
	end();
}
END_TEST

START_TEST(selective_acknowledgements_are_shifted)
{
	const uint8_t sack[12] = { 1, 1, 5, 10 };
	struct ct_test_segment seg = { .flags = CT_TEST_ACK,
				       .win = 500,
				       .seq = ISN + 1 };
	uint32_t cookie, given;
	uint8_t options[12];
	struct heard said;

	start((unsigned)_i, 2);
	establish_all(&cookie, &given);
	server(CT_TEST_ACK, SERVER + 1001, ISN + 1, 100);
	passed();
	memcpy(options, sack, sizeof(options));
	for (unsigned i = 0; i < 2; i++) {
		uint32_t edge = htonl(cookie + 1001 + 100 * i);

		memcpy(options + 4 + 4 * i, &edge, sizeof(edge));
	}
	seg.ack = cookie + 1;
	seg.options = options;
	seg.options_len = sizeof(options);
	ct_test_tcp(&w.p, &flow, CT_DIR_ORIG, &seg);
	said = passed();
	ck_assert_uint_eq(said.opt.n_sacks, 1);
	ck_assert_uint_eq(said.opt.sacks[0].left, SERVER + 1001);
	ck_assert_uint_eq(said.opt.sacks[0].right, SERVER + 1101);
	end();
}
END_TEST

/* --- What goes wrong ----------------------------------------------------------- */

START_TEST(until_the_server_answers_the_client_repeats_the_syn)
{
	struct heard said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	for (uint32_t i = 0; i < 3; i++) {
		ct_world_wait(&w, CT_WORLD_S);
		client(CT_TEST_ACK, ISN + 1 - (i & 1), cookie + 1, i & 1);
		said = passed();
		ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
		ck_assert_uint_eq(said.seg.seq, ISN);
		ck_assert_uint_eq(said.seg.data_len, 0);
	}
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	passed();
	ck_assert_str_eq(state(), "ESTABLISHED");
	end();
}
END_TEST

START_TEST(a_server_that_refuses_resets_the_client)
{
	struct heard said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	server(CT_TEST_RST | CT_TEST_ACK, 0, ISN + 1, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_RST | CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(said.seg.ack, ISN + 1);
	ck_assert_uint_eq(ct_world_conns(&w), 0);
	end();
}
END_TEST

START_TEST(a_client_that_gives_up_resets_the_server)
{
	struct heard said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	client(CT_TEST_RST, ISN + 1, 0, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_RST);
	ck_assert_uint_eq(said.seg.seq, ISN + 1);
	(void)cookie;
	end();
}
END_TEST

START_TEST(a_lost_ack_is_repeated_by_the_servers_answer)
{
	struct heard said;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = establish();
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(said.seg.seq, cookie + 1);
	ck_assert_uint_eq(sent.n, 1);
	said = hear_sent(0);
	ck_assert_uint_eq(said.seg.ack, SERVER + 1);
	end();
}
END_TEST

START_TEST(an_older_connection_of_the_server_is_reset)
{
	struct heard rst;
	uint32_t cookie;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	server(CT_TEST_ACK, 31337, 4242, 0);
	ck_assert_uint_eq(dropped(), CT_R_SYN_STALE);
	ck_assert_uint_eq(sent.n, 1);
	rst = hear_sent(0);
	ck_assert_uint_eq(rst.seg.flags, CT_SEG_RST);
	ck_assert_uint_eq(rst.seg.seq, 4242);
	ck_assert_mem_eq(rst.seg.dst.bytes, outside.dst, kind & IPV6 ? 16 : 4);
	client(CT_TEST_ACK, ISN + 1, cookie + 1, 0);
	ck_assert_uint_eq(passed().seg.flags, CT_SEG_SYN);
	end();
}
END_TEST

START_TEST(a_client_that_begins_anew_takes_its_old_connection_away)
{
	struct heard said;
	uint32_t cookie, other;

	start((unsigned)_i, 2);
	cookie = knock();
	open_by(cookie);
	sent.n = 0;
	client(CT_TEST_SYN, 555000, 0, 0);
	ck_assert_uint_eq(dropped(), CT_R_SYN_COOKIE);
	other = hear_sent(0).seg.seq;
	ck_assert_uint_ne(other, cookie);
	client(CT_TEST_ACK, 555001, other + 2, 0);
	ck_assert_uint_eq(route_with(ROOM, NULL).reason, CT_R_SYN_BAD_COOKIE);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	client(CT_TEST_ACK, 555001, other + 1, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(said.seg.seq, 555000);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	ck_assert_uint_eq(ct_world_count(&w, CT_R_END_REPLACED), 1);
	end();
}
END_TEST

START_TEST(a_late_copy_of_the_syn_goes_to_the_server)
{
	struct heard said;

	start((unsigned)_i, 2);
	open_by(knock());
	client(CT_TEST_SYN, ISN, 0, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(said.seg.seq, ISN);
	ck_assert_uint_eq(sent.n, 0);
	end();
}
END_TEST

START_TEST(between_process_and_confirm_nothing_is_lost)
{
	struct ct_test_packet answer, question;
	struct ct_pkt first, second;
	uint32_t cookie;

	start(_i & IPV6, 2);
	cookie = knock();
	open_by(cookie);
	server(CT_TEST_SYN | CT_TEST_ACK, SERVER, ISN + 1, 0);
	answer = w.p;
	client(CT_TEST_ACK, ISN, cookie + 1, 0);
	question = w.p;
	first = ct_test_pkt(&answer);
	second = ct_test_pkt(&question);
	second.tailroom = ROOM;
	ck_assert_int_eq(ct_process(w.thr, &first, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_process(w.thr, &second, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &first), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &second), CT_ACCEPT);
	ck_assert_str_eq(state(), "ESTABLISHED");
	ck_assert_uint_eq(sent.n, 1);
	end();
}
END_TEST

/* --- When ----------------------------------------------------------------------- */

static void fill(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ct_test_flow other = ct_world_flow(100 + i);

		ct_world_udp(&w, &other, CT_DIR_ORIG);
	}
	ct_world_wait(&w, 1000);
}

START_TEST(without_pressure_syns_pass)
{
	struct heard said;

	start((unsigned)_i, 1);
	set("overflow.low", 500);
	client(CT_TEST_SYN, ISN, 0, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	ck_assert_uint_eq(sent.n, 0);
	ck_assert_uint_eq(ct_world_conns(&w), 1);
	end();
}
END_TEST

START_TEST(above_the_watermark_they_are_answered)
{
	uint32_t cookie;

	start((unsigned)_i, 1);
	set("overflow.low", 500);
	fill(MAX / 2 + 1);
	cookie = knock();
	open_by(cookie);
	ck_assert_str_eq(state(), "SYN_SENT");
	end();
}
END_TEST

START_TEST(what_is_picked_up_is_no_cookie)
{
	struct heard said;

	start((unsigned)_i, 1);
	set("overflow.low", 500);
	fill(MAX / 2 + 1);
	knock();
	client(CT_TEST_ACK, 4242, 31337, 5);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_ACK);
	ck_assert_uint_eq(pressure().cookies_bad, 1);
	end();
}
END_TEST

START_TEST(a_policy_says_yes_or_no)
{
	struct ct_policy_def def = { .size = sizeof(def),
				     .flags = CT_POLICY_SYN_PROXY };
	const struct ct_policy *yes, *no;

	start((unsigned)_i, 0);
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &yes), 0);
	def.flags = CT_POLICY_NO_SYN_PROXY;
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &no), 0);
	client(CT_TEST_SYN, ISN, 0, 0);
	ck_assert_uint_eq(route_with(ROOM, yes).reason, CT_R_SYN_COOKIE);
	set("overflow.syn_proxy", 2);
	client(CT_TEST_SYN, ISN, 0, 0);
	ck_assert_ptr_nonnull(route_with(ROOM, no).conn);
	def.flags = CT_POLICY_SYN_PROXY | CT_POLICY_NO_SYN_PROXY;
	ck_assert_int_eq(ct_policy_create(w.tbl, &def, &no), CT_E_INVAL);
	end();
}
END_TEST

START_TEST(this_hosts_own_syns_pass)
{
	struct ct_pkt pkt;

	start(_i & IPV6, 2);
	client(CT_TEST_SYN, ISN, 0, 0);
	pkt = ct_test_pkt(&w.p);
	ck_assert_int_eq(ct_process(w.thr, &pkt, CT_HOOK_OUTPUT), CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(w.thr, &pkt), CT_ACCEPT);
	ck_assert_uint_eq(sent.n, 0);
	end();
}
END_TEST

START_TEST(a_host_that_sends_nothing_has_no_proxy)
{
	struct heard said;

	ct_world_start(&w, MAX);
	kind = 0;
	flow = ct_world_flow(7);
	set("overflow.syn_proxy", 2);
	client(CT_TEST_SYN, ISN, 0, 0);
	said = passed();
	ck_assert_uint_eq(said.seg.flags, CT_SEG_SYN);
	end();
}
END_TEST

START_TEST(a_full_table_answers_all_the_same)
{
	start((unsigned)_i, 1);
	set("overflow.policy", CT_OVERFLOW_REFUSE);
	set("overflow.low", 500);
	fill(MAX);
	knock();
	ck_assert_uint_eq(ct_world_count(&w, CT_R_TABLE_FULL), 0);
	end();
}
END_TEST

Suite *ct_suite(void)
{
	Suite *s = suite_create("flow/syn_proxy");
	TCase *tc;

	tc = tcase_create("syn");
	tcase_add_loop_test(tc, a_syn_is_answered_and_nothing_is_kept, 0, WAYS);
	tcase_add_loop_test(tc, who_offers_nothing_is_offered_a_segment_size, 0,
			    WAYS);
	tcase_add_loop_test(tc, a_syn_again_has_the_same_cookie, 0, WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("ack");
	tcase_add_loop_test(tc, the_ack_becomes_the_syn, 0, WAYS);
	tcase_add_loop_test(tc, what_cannot_be_a_cookie_is_invalid, 0, WAYS);
	tcase_add_loop_test(tc, a_cookie_lasts_over_one_change_of_keys, 0,
			    WAYS);
	tcase_add_loop_test(tc, a_cookie_does_not_last_over_two, 0, WAYS);
	tcase_add_loop_test(tc, data_in_the_ack_waits, 0, WAYS);
	tcase_add_loop_test(
		tc, a_question_for_the_window_redeems_the_cookie_of_a_lost_ack,
		0, WAYS);
	tcase_add_loop_test(tc, without_room_for_its_options_the_ack_is_dropped,
			    0, WAYS);
	tcase_add_loop_test(tc, a_partial_sum_stays_one, 0, WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("answer");
	tcase_add_loop_test(tc, both_ends_are_told_that_they_are_connected, 0,
			    WAYS);
	tcase_add_loop_test(tc, numbers_are_shifted_for_life, 0, WAYS);
	tcase_add_loop_test(tc, what_the_ends_do_not_send_is_invalid, 0, WAYS);
	tcase_add_loop_test(tc, time_stamps_and_windows_are_converted, 0, WAYS);
	tcase_add_loop_test(
		tc,
		a_server_without_options_gets_on_with_a_client_that_has_them, 0,
		WAYS);
	tcase_add_loop_test(tc, selective_acknowledgements_are_shifted, 0,
			    WAYS);
	suite_add_tcase(s, tc);

	tc = tcase_create("trouble");
	tcase_add_loop_test(tc,
			    until_the_server_answers_the_client_repeats_the_syn,
			    0, WAYS);
	tcase_add_loop_test(tc, a_server_that_refuses_resets_the_client, 0,
			    WAYS);
	tcase_add_loop_test(tc, a_client_that_gives_up_resets_the_server, 0,
			    WAYS);
	tcase_add_loop_test(tc, a_lost_ack_is_repeated_by_the_servers_answer, 0,
			    WAYS);
	tcase_add_loop_test(tc, an_older_connection_of_the_server_is_reset, 0,
			    WAYS);
	tcase_add_loop_test(
		tc, a_client_that_begins_anew_takes_its_old_connection_away, 0,
		WAYS);
	tcase_add_loop_test(tc, a_late_copy_of_the_syn_goes_to_the_server, 0,
			    WAYS);
	tcase_add_loop_test(tc, between_process_and_confirm_nothing_is_lost, 0,
			    IPV6 + 1);
	suite_add_tcase(s, tc);

	tc = tcase_create("when");
	tcase_add_loop_test(tc, without_pressure_syns_pass, 0, WAYS);
	tcase_add_loop_test(tc, above_the_watermark_they_are_answered, 0, WAYS);
	tcase_add_loop_test(tc, what_is_picked_up_is_no_cookie, 0, WAYS);
	tcase_add_loop_test(tc, a_policy_says_yes_or_no, 0, WAYS);
	tcase_add_loop_test(tc, this_hosts_own_syns_pass, 0, IPV6 + 1);
	tcase_add_test(tc, a_host_that_sends_nothing_has_no_proxy);
	tcase_add_loop_test(tc, a_full_table_answers_all_the_same, 0, WAYS);
	suite_add_tcase(s, tc);
	return s;
}
