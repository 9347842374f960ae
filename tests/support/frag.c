/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments for tests; see frag.h.
 */
#include "frag.h"

#include <check.h>
#include <string.h>

enum { IPV4_LEN = 20, IPV6_LEN = 40, FRAGMENT_LEN = 8, FRAGMENT = 44 };
enum { MORE_V4 = 0x2000, MORE_V6 = 1 };

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void sum_v4(uint8_t *hdr)
{
	uint32_t sum = 0;

	put16(hdr + 10, 0);
	for (int i = 0; i < IPV4_LEN; i += 2)
		sum += get16(hdr + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(hdr + 10, ~sum & 0xffff);
}

static void cut_v4(struct ct_test_packet *piece, struct ct_test_part part,
		   bool more)
{
	put16(piece->bytes + 2, IPV4_LEN + part.len);
	put16(piece->bytes + 4, part.id);
	put16(piece->bytes + 6, part.off / 8 | (more ? MORE_V4 : 0));
	sum_v4(piece->bytes);
}

static void cut_v6(struct ct_test_packet *piece, struct ct_test_part part,
		   bool more)
{
	uint8_t *hdr = piece->bytes + IPV6_LEN;

	hdr[0] = piece->bytes[6];
	put16(hdr + 2, part.off | (more ? MORE_V6 : 0));
	put16(hdr + 4, part.id >> 16);
	put16(hdr + 6, part.id);
	piece->bytes[6] = FRAGMENT;
	put16(piece->bytes + 4, FRAGMENT_LEN + part.len);
}

void ct_test_cut(struct ct_test_packet *piece,
		 const struct ct_test_packet *whole, struct ct_test_part part)
{
	uint32_t hdr = ct_test_l4_off(whole);
	uint32_t to = hdr + (whole->l3 == CT_L3_IPV6 ? FRAGMENT_LEN : 0);
	uint32_t all = whole->len - hdr;
	bool more;

	if (!part.len)
		part.len = all - part.off;
	more = part.off + part.len < all;
	memset(piece, 0, sizeof(*piece));
	memcpy(piece->bytes, whole->bytes, hdr);
	memcpy(piece->bytes + to, whole->bytes + hdr + part.off, part.len);
	piece->len = to + part.len;
	piece->l3 = whole->l3;
	piece->l4 = whole->l4;
	if (whole->l3 == CT_L3_IPV4)
		cut_v4(piece, part, more);
	else
		cut_v6(piece, part, more);
}

bool ct_test_is_fragment(const uint8_t *bytes)
{
	if (bytes[0] >> 4 == 4)
		return get16(bytes + 6) & 0x3fff;
	return bytes[6] == FRAGMENT;
}

uint32_t ct_test_frag_id(const uint8_t *bytes)
{
	return bytes[0] >> 4 == 4 ? get16(bytes + 4)
				  : get16(bytes + 44) << 16 | get16(bytes + 46);
}

void ct_test_send(struct ct_world *w, struct ct_pkt *pkt,
		  struct ct_test_sent *sent)
{
	struct ct_pkt piece = { 0 };

	while (ct_frag_next(w->thr, pkt, &piece)) {
		struct ct_test_packet *p = &sent->p[sent->n++];

		ck_assert_uint_le(sent->n, 24);
		ck_assert_uint_le(piece.len, sizeof(p->bytes));
		memset(p, 0, sizeof(*p));
		memcpy(p->bytes, piece.data, piece.len);
		p->len = piece.len;
		p->l3 = piece.l3;
		p->l4 = piece.l4;
		sent->conns += piece.conn != NULL;
	}
}

static uint32_t offset(const struct ct_test_packet *p)
{
	if (p->l3 == CT_L3_IPV4)
		return (get16(p->bytes + 6) & 0x1fff) * 8;
	return get16(p->bytes + IPV6_LEN + 2) & 0xfff8u;
}

static bool last(const struct ct_test_packet *p)
{
	if (p->l3 == CT_L3_IPV4)
		return !(get16(p->bytes + 6) & MORE_V4);
	return !(p->bytes[IPV6_LEN + 3] & MORE_V6);
}

/* Its header becomes the datagram's. */
static void head(struct ct_test_packet *whole, const struct ct_test_packet *p)
{
	memcpy(whole->bytes, p->bytes, ct_test_l4_off(p));
	if (p->l3 == CT_L3_IPV6)
		whole->bytes[6] = p->bytes[IPV6_LEN];
}

void ct_test_join(const struct ct_test_sent *sent, struct ct_test_packet *whole)
{
	uint32_t hdr = ct_test_l4_off(&sent->p[0]), meat = 0;

	memset(whole, 0, sizeof(*whole));
	whole->l3 = sent->p[0].l3;
	whole->l4 = sent->p[0].l4;
	for (uint32_t i = 0; i < sent->n; i++) {
		const struct ct_test_packet *p = &sent->p[i];
		uint32_t from = hdr + (p->l3 == CT_L3_IPV6 ? FRAGMENT_LEN : 0);

		ck_assert(ct_test_is_fragment(p->bytes));
		ck_assert_uint_eq(ct_test_frag_id(p->bytes),
				  ct_test_frag_id(sent->p[0].bytes));
		memcpy(whole->bytes + hdr + offset(p), p->bytes + from,
		       p->len - from);
		meat += p->len - from;
		if (!offset(p))
			head(whole, p);
		if (last(p))
			whole->len = hdr + offset(p) + p->len - from;
	}
	ck_assert_uint_eq(whole->len, hdr + meat);
	if (whole->l3 == CT_L3_IPV6) {
		put16(whole->bytes + 4, whole->len - IPV6_LEN);
		return;
	}
	put16(whole->bytes + 2, whole->len);
	put16(whole->bytes + 4, 0);
	put16(whole->bytes + 6, 0);
	sum_v4(whole->bytes);
}

enum ct_verdict ct_test_frag(struct ct_world *w, struct ct_test_packet *p,
			     struct ct_pkt *pkt, struct ct_test_sent *sent)
{
	enum ct_verdict verdict;

	*pkt = ct_test_pkt(p);
	verdict = ct_process(w->thr, pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT)
		verdict = ct_confirm(w->thr, pkt);
	if (verdict == CT_ACCEPT)
		ct_test_send(w, pkt, sent);
	ct_world_audit(w);
	return verdict;
}
