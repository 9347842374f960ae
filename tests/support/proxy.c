/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client, a server, and a table between them that answers for the server; see
 * proxy.h.
 */
#include "proxy.h"

#include <arpa/inet.h>
#include <check.h>
#include <conntrack/burst.h>
#include <string.h>

struct px px;

static void emit(void *user, const struct ct_pkt *pkt)
{
	struct ct_test_packet *p = &px.sent.p[px.sent.n++ % 8];

	(void)user;
	ck_assert_uint_le(pkt->len, sizeof(p->bytes));
	ck_assert(pkt->flags & CT_PKT_UNTRACKED);
	memset(p, 0, sizeof(*p));
	memcpy(p->bytes, pkt->data, pkt->len);
	p->len = pkt->len;
	p->l3 = pkt->l3;
	p->l4 = 6;
}

void px_set(const char *name, uint64_t value)
{
	ck_assert_int_eq(ct_param_set(px.w.tbl, name, value), 0);
}

void px_create(unsigned which, uint32_t mode)
{
	const struct ct_host host = { .size = sizeof(host), .emit = emit };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = PX_MAX,
				       .host = &host };

	px.kind = which;
	px.sent.n = 0;
	ct_world_create(&px.w, &cfg);
	px_set("overflow.syn_proxy", mode);
	px.flow = px.kind & PX_IPV6 ? ct_world_flow6(7) : ct_world_flow(7);
	px.to_server =
		px.kind & PX_IPV6 ? ct_nat_to6(9) : ct_nat_to(0x0a090909);
	px.from_router =
		px.kind & PX_IPV6 ? ct_nat_to6(1) : ct_nat_to(0xcb007101);
}

void px_start(unsigned which, uint32_t mode)
{
	px_create(which, mode);
	ct_world_attach(&px.w);
}

void px_end(void)
{
	ct_world_settle(&px.w);
	ct_world_end(&px.w);
}

struct px_heard px_hear(const struct ct_test_packet *p)
{
	struct px_heard heard;

	ct_nat_sums_right(p);
	ck_assert(ct_segment_read(&heard.seg, p->l3, p->bytes, p->len));
	ct_tcpopt_parse(ct_cursor_of(heard.seg.options, heard.seg.options_len),
			&heard.opt);
	return heard;
}

struct px_heard px_hear_sent(unsigned n)
{
	ck_assert_uint_lt(n, px.sent.n);
	return px_hear(&px.sent.p[n]);
}

/* --- The router ---------------------------------------------------------- */

static enum ct_verdict rule(void *user, struct ct_thread *thr,
			    struct ct_pkt *pkt)
{
	(void)user;
	if (px.kind & PX_NAT) {
		ck_assert_int_eq(
			ct_nat_setup(thr, pkt, CT_NAT_DST, &px.to_server), 0);
		ck_assert_int_eq(
			ct_nat_setup(thr, pkt, CT_NAT_SRC, &px.from_router), 0);
	}
	return CT_ACCEPT;
}

enum ct_verdict px_by_burst(struct ct_pkt *pkt)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.new_conn = rule };
	enum ct_verdict verdict;

	ct_forward_burst(px.w.thr, &pkt, 1, &rules, &verdict);
	return verdict;
}

enum ct_verdict px_by_verbs(struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(px.w.thr, pkt, CT_HOOK_PREROUTING);

	if (verdict != CT_ACCEPT)
		return verdict;
	if (pkt->conn && !(ct_conn_status(pkt->conn) & CT_S_CONFIRMED))
		rule(NULL, px.w.thr, pkt);
	verdict = ct_nat_apply(px.w.thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_nat_apply(px.w.thr, pkt, CT_HOOK_POSTROUTING);
	return verdict == CT_ACCEPT ? ct_confirm(px.w.thr, pkt) : verdict;
}

/* The whole way of w.p; it is as it leaves afterwards. */
struct ct_pkt px_route_with(uint32_t tailroom, const struct ct_policy *by)
{
	struct ct_pkt pkt = ct_test_pkt(&px.w.p);
	enum ct_verdict verdict;

	pkt.tailroom = tailroom;
	pkt.policy = by;
	verdict = px.kind & PX_BURST ? px_by_burst(&pkt) : px_by_verbs(&pkt);
	if (verdict != CT_ACCEPT)
		pkt.conn = NULL;
	pkt.user = verdict == CT_ACCEPT ? &px.w : NULL;
	px.w.p.len = pkt.len;
	ct_world_audit(&px.w);
	return pkt;
}

/* => Why it did not pass, or what it was to its connection. */
unsigned px_dropped(void)
{
	struct ct_pkt pkt = px_route_with(PX_ROOM, NULL);

	ck_assert_ptr_null(pkt.user);
	return pkt.reason;
}

struct px_heard px_passed(void)
{
	struct ct_pkt pkt = px_route_with(PX_ROOM, NULL);

	ck_assert_msg(pkt.user && pkt.conn, "%s",
		      ct_reason_text(pkt.reason)->text);
	return px_hear(&px.w.p);
}

/* --- The ends ------------------------------------------------------------- */

/* MSS, SACK, time stamps, shift: what a usual SYN has. */
uint32_t px_offer(uint8_t options[40], uint16_t mss, uint8_t shift,
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

void px_client(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 500, .seq = seq, .ack = ack, .len = len
	};

	ct_test_tcp(&px.w.p, &px.flow, CT_DIR_ORIG, &seg);
}

void px_server(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	const struct ct_test_segment seg = {
		.flags = flags, .win = 300, .seq = seq, .ack = ack, .len = len
	};

	ct_test_tcp(&px.w.p, &px.outside, CT_DIR_REPLY, &seg);
}

void px_client_says(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t tsval,
		    uint32_t tsecr)
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

	ct_test_tcp(&px.w.p, &px.flow, CT_DIR_ORIG, &seg);
}

void px_server_says(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t tsval,
		    uint32_t tsecr)
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

	ct_test_tcp(&px.w.p, &px.outside, CT_DIR_REPLY, &seg);
}

/* The SYN of a client with all options; => what it is answered. */
struct px_heard px_syn_of_all(void)
{
	uint8_t options[40];
	const struct ct_test_segment seg = {
		.flags = CT_TEST_SYN,
		.win = 64000,
		.seq = PX_ISN,
		.options = options,
		.options_len =
			px_offer(options, 1400, PX_CLIENT_WS, PX_CLIENT_TS, 0),
	};

	px.sent.n = 0;
	ct_test_tcp(&px.w.p, &px.flow, CT_DIR_ORIG, &seg);
	ck_assert_uint_eq(px_dropped(), CT_R_SYN_COOKIE);
	return px_hear_sent(0);
}

/* The same without any; => the cookie. */
uint32_t px_knock(void)
{
	struct px_heard back;

	px.sent.n = 0;
	px_client(CT_TEST_SYN, PX_ISN, 0, 0);
	ck_assert_uint_eq(px_dropped(), CT_R_SYN_COOKIE);
	back = px_hear_sent(0);
	px.sent.n = 0;
	return back.seg.seq;
}

/* From now on the server answers as the packet that left wants it. */
void px_meet_server(const struct px_heard *syn)
{
	px.outside = px.flow;
	memcpy(px.outside.src, syn->seg.src.bytes, sizeof(px.outside.src));
	memcpy(px.outside.dst, syn->seg.dst.bytes, sizeof(px.outside.dst));
	px.outside.sport = ntohs(syn->seg.src_port);
	px.outside.dport = ntohs(syn->seg.dst_port);
}

struct px_heard px_open_by(uint32_t cookie)
{
	struct px_heard syn;

	px_client(CT_TEST_ACK, PX_ISN + 1, cookie + 1, 0);
	syn = px_passed();
	px_meet_server(&syn);
	ck_assert_int_eq(memcmp(px.outside.dst, px.flow.dst, 16) != 0,
			 (px.kind & PX_NAT) != 0);
	return syn;
}

/* Without options, up to the client's window; => the cookie. */
uint32_t px_establish(void)
{
	uint32_t cookie = px_knock();

	px_open_by(cookie);
	px_server(CT_TEST_SYN | CT_TEST_ACK, PX_SERVER, PX_ISN + 1, 0);
	px_passed();
	px.sent.n = 0;
	return cookie;
}

struct ct_conn *px_found(void)
{
	struct ct_tuple t = ct_world_tuple(&px.flow, CT_DIR_ORIG);

	t.l4 = 6;
	return ct_find(px.w.thr, &t, NULL);
}

const char *px_state(void)
{
	return ct_conn_state_name(px.w.tbl, px_found());
}

struct ct_pressure px_pressure(void)
{
	struct ct_pressure now = { .size = sizeof(now) };

	ck_assert_int_eq(ct_pressure(px.w.tbl, &now), 0);
	return now;
}
