/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: sequences of fragments.  An input is a small table, how it takes
 * fragments, and what happens: fragments of a few datagrams in any order, with
 * overlaps, holes, odd headers, contradictions or bytes of the input; time;
 * refused memory; a translation or none.
 *
 * What leaves must be sound: pieces follow one another without a gap, have
 * right lengths and header sums, and hold what the datagram held.  Memory never
 * is above its limit, and all of it comes back.
 */
#include "audit.h"
#include "fuzz.h"
#include "host.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <stdlib.h>
#include <string.h>

enum { V4 = 20, V6 = 40, STEPS_MAX = 600, MEMORY = 30000, SIZE_MAX_ = 2000 };

struct table {
	struct fuzz_mem mem;
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint64_t now_ns;
	bool translates;
};

/* --- The table ---------------------------------------------------------- */

static void set(struct table *t, const char *name, uint64_t value)
{
	if (ct_param_set(t->tbl, name, value))
		fuzz_wrong("a parameter cannot be set");
}

static bool open_table(struct table *t, struct fuzz_in *in)
{
	struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 32 };
	uint8_t how = fuzz_u8(in);
	struct ct_host host;

	memset(t, 0, sizeof(*t));
	fuzz_host(&host, &t->mem);
	cfg.host = &host;
	cfg.profile = how & 1;
	if (ct_table_create(&cfg, &t->tbl) || ct_thread_attach(t->tbl, &t->thr))
		fuzz_wrong("no table");
	set(t, "frag.mode", how >> 1 & 1 ? 1 : 2);
	set(t, "frag.memory.ipv4", MEMORY);
	set(t, "frag.memory.ipv6", MEMORY);
	set(t, "frag.datagrams", how & 4 ? 4 : 100);
	set(t, "frag.pieces", how & 8 ? 4 : 200);
	set(t, "frag.hold", how & 16 ? 0 : 5);
	set(t, "frag.time_exceeded", (how >> 5) % 3);
	t->translates = how & 128;
	t->now_ns = 1000000000000;
	ct_thread_poll(t->thr, t->now_ns);
	return true;
}

static void close_table(struct table *t)
{
	ct_thread_detach(t->thr);
	ct_table_destroy(t->tbl);
	if (t->mem.blocks || t->mem.bytes)
		fuzz_wrong("memory is left behind");
}

static void expect_bounds(const struct table *t)
{
	struct ct_frag_stats stats = { .size = sizeof(stats) };
	const char *sentence = ct_table_check(t->tbl);

	if (sentence)
		fuzz_wrong(sentence);
	if (ct_frag_stats(t->tbl, &stats) || stats.bytes > 2 * MEMORY)
		fuzz_wrong("more memory than allowed");
	if (!stats.datagrams != !stats.bytes)
		fuzz_wrong("bytes of nothing, or a datagram without");
}

/* --- What leaves -------------------------------------------------------- */

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* Where a packet is in its datagram. */
struct place {
	uint32_t hdr;
	uint32_t off;
	bool more;
	bool fragment;
};

static struct place place_of(const struct ct_pkt *pkt)
{
	const uint8_t *at = pkt->data;
	struct place p = { 0 };

	if (pkt->l3 == CT_L3_IPV4) {
		p.hdr = (at[0] & 15u) * 4;
		p.off = (get16(at + 6) & 0x1fff) * 8;
		p.more = at[6] & 0x20;
		p.fragment = p.more || p.off;
		return p;
	}
	p.hdr = V6;
	if (at[6] != 44 || pkt->len < V6 + 8)
		return p;
	p.hdr += 8;
	p.off = get16(at + V6 + 2) & 0xfff8;
	p.more = at[V6 + 3] & 1;
	p.fragment = true;
	return p;
}

static void expect_header(const struct ct_pkt *pkt, uint32_t hdr)
{
	uint32_t sum = 0;

	if (pkt->l3 == CT_L3_IPV6) {
		if (get16(pkt->data + 4) != pkt->len - V6)
			fuzz_wrong("a length that is not the piece's");
		return;
	}
	if (get16(pkt->data + 2) != pkt->len)
		fuzz_wrong("a length that is not the piece's");
	for (uint32_t i = 0; i < hdr; i += 2)
		sum += get16(pkt->data + i);
	if (sum % 0xffff)
		fuzz_wrong("a piece's header sum is wrong");
}

/* The pieces of a datagram; plain ones have no extension headers. */
static void send_whole(struct table *t, struct ct_pkt *pkt)
{
	struct ct_pkt piece = { 0 };
	uint32_t at = 0, all = place_of(pkt).hdr;
	bool plain = pkt->l3 == CT_L3_IPV4 || pkt->data[6] == 17;

	while (ct_frag_next(t->thr, pkt, &piece)) {
		struct place p = place_of(&piece);

		free(fuzz_copy(piece.data, piece.len));
		if (!plain)
			continue;
		if (p.fragment &&
		    (p.off != at || (p.more && piece.len == p.hdr)))
			fuzz_wrong("a piece is not where the last one ended");
		if (p.fragment)
			expect_header(&piece, p.hdr);
		if (memcmp(piece.data + p.hdr, pkt->data + all + at,
			   piece.len - p.hdr) != 0)
			fuzz_wrong("a piece holds something else");
		at += piece.len - p.hdr;
		if (p.more != (at + all < pkt->len))
			fuzz_wrong("the last piece is not the last");
	}
	if (plain && at + all != pkt->len && pkt->reason != CT_R_NO_MEMORY)
		fuzz_wrong("the pieces are not all of it");
}

static void send(struct table *t, struct ct_pkt *pkt)
{
	struct ct_pkt piece = { 0 };

	if (pkt->flags & CT_PKT_WHOLE) {
		send_whole(t, pkt);
		return;
	}
	while (ct_frag_next(t->thr, pkt, &piece)) {
		free(fuzz_copy(piece.data, piece.len));
		if (piece.data != pkt->data && !(piece.flags & CT_PKT_LATER))
			fuzz_wrong("what waited is no later fragment");
	}
}

/* --- A packet ----------------------------------------------------------- */

static bool translate(struct table *t, struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	if (pkt->conn && t->translates &&
	    !(ct_conn_status(pkt->conn) & CT_S_CONFIRMED)) {
		memset(range.min_addr.bytes, 9, pkt->l3 == CT_L3_IPV4 ? 4 : 16);
		range.max_addr = range.min_addr;
		ct_nat_setup(t->thr, pkt, CT_NAT_SRC, &range);
	}
	return ct_nat_apply(t->thr, pkt, CT_HOOK_PREROUTING) == CT_ACCEPT &&
	       ct_nat_apply(t->thr, pkt, CT_HOOK_POSTROUTING) == CT_ACCEPT;
}

static void expect_verdict(const struct ct_pkt *pkt, enum ct_verdict verdict)
{
	enum ct_reason_class why = ct_reason_text(pkt->reason)->class_;

	if ((verdict == CT_DROP) != (why == CT_RC_D) ||
	    (verdict == CT_STOLEN) != (why == CT_RC_S))
		fuzz_wrong("verdict and reason do not agree");
	if (verdict != CT_ACCEPT && pkt->conn)
		fuzz_wrong("it does not go on, yet has a connection");
}

/* => bytes are exactly as long as the packet; freed. */
static void pass(struct table *t, uint8_t *bytes, uint32_t len, uint8_t fate)
{
	struct ct_pkt pkt = { .data = bytes, .len = len };
	enum ct_verdict verdict;

	pkt.l3 = len ? bytes[0] >> 4 : 4;
	if (fate & 1)
		ct_frag_gather(t->thr, &pkt);
	verdict = ct_process(t->thr, &pkt, CT_HOOK_PREROUTING);
	expect_verdict(&pkt, verdict);
	if (verdict == CT_ACCEPT && translate(t, &pkt) && fate % 8 < 6) {
		if (ct_confirm(t->thr, &pkt) == CT_ACCEPT)
			send(t, &pkt);
	} else if (verdict == CT_ACCEPT) {
		ct_abandon(t->thr, &pkt);
	}
	free(bytes);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t head_v4(uint8_t *at, uint8_t which, uint32_t bits, uint32_t len)
{
	uint32_t hdr = which & 64 ? V4 + 4 : V4, sum = 0;

	memset(at, which & 64 ? 1 : 0, V4 + 4);
	at[0] = (uint8_t)(0x40 | hdr / 4);
	at[1] = which & 128 ? 2 : 0;
	put16(at + 2, hdr + len);
	put16(at + 4, which & 3);
	put16(at + 6, bits);
	at[8] = 64;
	at[9] = 17;
	put16(at + 10, 0);
	memcpy(at + 12, "\012\0\0\1\306\063\144\005", 8);
	at[15] = which >> 2 & 3;
	for (uint32_t i = 0; i < hdr; i += 2)
		sum += get16(at + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(at + 10, ~(sum + (sum >> 16)) & 0xffff);
	return hdr;
}

static uint32_t head_v6(uint8_t *at, uint8_t which, uint32_t bits, uint32_t len)
{
	uint32_t hdr = V6;

	memset(at, 0, V6 + 16);
	at[0] = 0x60;
	at[1] = which & 128 ? 0x20 : 0;
	at[6] = 44;
	at[7] = 64;
	at[8] = at[24] = 0x20;
	at[23] = which >> 2 & 3;
	if (which & 64) { /* destination options in front */
		at[6] = 60;
		at[V6] = 44;
		at[V6 + 2] = 1;
		at[V6 + 3] = 4;
		hdr += 8;
	}
	at[hdr] = 17;
	put16(at + hdr + 2, (bits & 0x1fff) << 3 | (bits & 0x2000 ? 1 : 0));
	at[hdr + 7] = which & 3;
	hdr += 8;
	put16(at + 4, hdr - V6 + len);
	return hdr;
}

/* which: identification, source, family, payload, header, ECN. */
static void fragment(struct table *t, struct fuzz_in *in)
{
	uint8_t which = fuzz_u8(in), how = fuzz_u8(in);
	uint32_t off = fuzz_u8(in), len = fuzz_u8(in) * (how & 1 ? 8u : 1u);
	uint8_t bytes[V6 + 16 + SIZE_MAX_ + 48];
	uint32_t bits, hdr;

	if (how & 2)
		off = off << 5 | (off & 31);
	bits = off | (how & 4 ? 0u : 0x2000u) | (how & 8 ? 0x4000u : 0u);
	if (len > SIZE_MAX_)
		len = SIZE_MAX_;
	hdr = which & 16 ? head_v6(bytes, which, bits, len)
			 : head_v4(bytes, which, bits, len);
	memset(bytes + hdr, which & 32 ? 0xee : (uint8_t)off, len);
	if (!off && len >= 8)
		memcpy(bytes + hdr, "\100\000\000\065\004\000\000\000", 8);
	pass(t, fuzz_copy(bytes, hdr + len), hdr + len, how >> 5);
}

static void raw(struct table *t, struct fuzz_in *in)
{
	size_t len = fuzz_u8(in);

	if (len > in->left)
		len = in->left;
	pass(t, fuzz_copy(in->at, len), (uint32_t)len, 0);
	in->at += len;
	in->left -= len;
}

static void wait(struct table *t, uint8_t what)
{
	static const uint64_t ms[] = { 0, 10, 900, 31000, 61000 };
	static const union ct_addr own = { .bytes = { 0x20, 1 } };
	uint8_t error[CT_FRAG_ERROR_MAX];
	struct ct_pkt first;

	t->now_ns += ms[what % 5] * 1000000;
	ct_thread_poll(t->thr, t->now_ns);
	while (ct_frag_expired(t->thr, &first))
		if (ct_frag_time_exceeded(&first, &own, error, sizeof(error)) <
		    0)
			fuzz_wrong("an error that does not fit");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct table t;
	struct fuzz_in in = { bytes, len };

	if (!open_table(&t, &in))
		return 0;
	for (unsigned i = 0; in.left && i < STEPS_MAX; i++) {
		uint8_t what = fuzz_u8(&in);

		if (what < 224)
			fragment(&t, &in);
		else if (what < 240)
			wait(&t, what);
		else if (what < 248)
			raw(&t, &in);
		else
			t.mem.refusals = fuzz_u8(&in);
		expect_bounds(&t);
	}
	close_table(&t);
	return 0;
}

/* Datagrams of four pieces, in some order, of both families, in both modes. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	static const uint8_t orders[][4] = {
		{ 0, 1, 2, 3 },
		{ 3, 2, 1, 0 },
		{ 1, 0, 3, 2 },
		{ 2, 3, 0, 1 },
	};
	size_t len = 0;

	if (n >= 32)
		return 0;
	to[len++] = (uint8_t)((n & 1) | (n & 2) | (n & 16 ? 128 : 0));
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 4; i++) {
			uint8_t at = orders[(n + round) % 4][i];

			to[len++] = 0;
			to[len++] = (uint8_t)((round & 3) | (n & 4 ? 16 : 0) |
					      (n & 8 ? 64 : 0));
			to[len++] = at == 3 ? 5 : 1;
			to[len++] = (uint8_t)(at * 16);
			to[len++] = at == 3 ? 7 : 16;
		}
		to[len++] = (uint8_t)(225 + round % 2);
	}
	return len;
}
