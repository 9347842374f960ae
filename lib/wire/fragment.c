/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of a fragment, read and written; see fragment.h.
 */
#include "wire/fragment.h"

#include "wire/csum.h"
#include "wire/hdr.h"

enum {
	ECN = 3,          /* bits of the traffic class, RFC 3168 5 */
	MAX_HEADERS = 32, /* as in ip6ext.c */
	OPTION_END = 0,   /* RFC 791 3.1 */
	OPTION_NOP = 1,
	OPTION_COPIED = 0x80 /* goes into every fragment */
};

/* --- Read --------------------------------------------------------------- */

static bool read_v4(struct ct_cursor *cur, struct ct_fragment *frag)
{
	const uint8_t *hdr = ct_cursor_take(cur, CT_IPV4_HDR_LEN);
	uint32_t bits, total;

	if (!hdr)
		return false;
	bits = ct_load_u16(hdr + CT_IPV4_FRAG_OFF);
	total = ct_load_u16(hdr + CT_IPV4_TOTAL_OFF);
	frag->hdr = (hdr[0] & 0xfu) * 4;
	if (frag->hdr < CT_IPV4_HDR_LEN || total < frag->hdr)
		return false;
	ct_cursor_skip(cur, frag->hdr - CT_IPV4_HDR_LEN);
	frag->len = total - frag->hdr;
	frag->off = (bits & CT_IPV4_OFFSET) * 8;
	frag->more = bits & CT_IPV4_MORE;
	frag->df = bits & CT_IPV4_DF;
	frag->next = hdr[CT_IPV4_PROTOCOL_OFF];
	frag->ecn = (uint8_t)(1u << (hdr[1] & ECN));
	frag->key.l4 = frag->next;
	memcpy(&frag->key.src_id, hdr + CT_IPV4_ID_OFF, sizeof(uint16_t));
	memcpy(frag->key.src.bytes, hdr + CT_IPV4_SRC_OFF, 4);
	memcpy(frag->key.dst.bytes, hdr + CT_IPV4_DST_OFF, 4);
	return ct_cursor_good(cur) && (frag->off || frag->more);
}

/* => Bytes of an extension header in front of cur; 0 for another header. */
static uint32_t ext_len(struct ct_cursor cur, uint8_t type)
{
	uint8_t len;

	ct_cursor_skip(&cur, 1);
	len = ct_cursor_u8(&cur);
	switch (type) {
	case CT_IPPROTO_HOPOPTS:
	case CT_IPPROTO_ROUTING:
	case CT_IPPROTO_DSTOPTS:
		return (len + 1u) * 8;
	case CT_IPPROTO_AH:
		return (len + 2u) * 4;
	default:
		return 0;
	}
}

static void read_ids(const uint8_t *hdr, struct ct_fragment *frag)
{
	uint16_t bits = ct_load_u16(hdr + 2);

	frag->next = hdr[0];
	frag->off = bits & CT_IPV6_OFFSET;
	frag->more = bits & CT_IPV6_MORE;
	memcpy(&frag->key.src_id, hdr + 4, sizeof(uint16_t));
	memcpy(&frag->key.dst_id, hdr + 6, sizeof(uint16_t));
}

/* The first fragment header in the chain at cur. */
static bool find_header(struct ct_cursor *cur, uint8_t type,
			struct ct_fragment *frag)
{
	const uint8_t *hdr;

	frag->hdr = CT_IPV6_HDR_LEN;
	frag->next_at = CT_IPV6_NEXT_OFF;
	for (int n = 0; type != CT_IPPROTO_FRAGMENT; n++) {
		uint32_t len = ext_len(*cur, type);

		if (!len || n == MAX_HEADERS)
			return false;
		hdr = ct_cursor_take(cur, len);
		if (!hdr)
			return false;
		type = hdr[0];
		frag->next_at = (uint16_t)frag->hdr;
		frag->hdr += len;
	}
	hdr = ct_cursor_take(cur, CT_FRAGMENT_HDR_LEN);
	if (!hdr)
		return false;
	frag->hdr += CT_FRAGMENT_HDR_LEN;
	read_ids(hdr, frag);
	return true;
}

static bool read_v6(struct ct_cursor *cur, struct ct_fragment *frag)
{
	const uint8_t *hdr = ct_cursor_take(cur, CT_IPV6_HDR_LEN);
	uint32_t total;

	if (!hdr)
		return false;
	total = CT_IPV6_HDR_LEN + (uint32_t)ct_load_u16(hdr + CT_IPV6_LEN_OFF);
	frag->ecn = (uint8_t)(1u << (hdr[1] >> 4 & ECN));
	memcpy(frag->key.src.bytes, hdr + CT_IPV6_SRC_OFF, 16);
	memcpy(frag->key.dst.bytes, hdr + CT_IPV6_DST_OFF, 16);
	if (total == CT_IPV6_HDR_LEN ||
	    !find_header(cur, hdr[CT_IPV6_NEXT_OFF], frag) || total < frag->hdr)
		return false;
	frag->len = total - frag->hdr;
	return true;
}

bool ct_fragment_read(const uint8_t *bytes, uint32_t len, uint8_t l3,
		      struct ct_fragment *frag)
{
	struct ct_cursor cur = ct_cursor_of(bytes, len);

	memset(frag, 0, sizeof(*frag));
	frag->key.l3 = l3;
	if (l3 == CT_L3_IPV4)
		return read_v4(&cur, frag);
	return l3 == CT_L3_IPV6 && read_v6(&cur, frag);
}

/* => What an upper layer's header has at least, as far as it is known. */
static uint32_t upper_len(uint8_t l4)
{
	switch (l4) {
	case CT_IPPROTO_TCP:
		return CT_TCP_HDR_LEN;
	case CT_IPPROTO_UDP:
		return CT_UDP_HDR_LEN;
	case CT_IPPROTO_ICMPV6:
		return CT_ICMP_HDR_LEN;
	default:
		return 1;
	}
}

bool ct_fragment_chain_cut(const uint8_t *bytes, uint32_t len,
			   const struct ct_fragment *frag)
{
	uint32_t total = frag->hdr + frag->len;
	struct ct_cursor cur = ct_cursor_of(bytes, total < len ? total : len);
	uint8_t type = frag->next;

	ct_cursor_skip(&cur, frag->hdr);
	for (int n = 0; n < MAX_HEADERS; n++) {
		uint32_t ext = ext_len(cur, type);
		const uint8_t *hdr;

		if (!ext)
			break;
		hdr = ct_cursor_take(&cur, ext);
		if (!hdr)
			return true;
		type = hdr[0];
	}
	return type != CT_IPPROTO_NONE && type != CT_IPPROTO_FRAGMENT &&
	       ct_cursor_left(&cur) < upper_len(type);
}

/* --- Write -------------------------------------------------------------- */

/* => Whether a header of a chain is followed by others that are repeated. */
static bool may_repeat(uint8_t type)
{
	return type == CT_IPPROTO_HOPOPTS || type == CT_IPPROTO_ROUTING ||
	       type == CT_IPPROTO_DSTOPTS;
}

uint32_t ct_ip6_unfragmentable(const uint8_t *bytes, uint32_t len,
			       uint32_t *next_at)
{
	struct ct_cursor cur = ct_cursor_of(bytes, len);
	const uint8_t *hdr = ct_cursor_take(&cur, CT_IPV6_HDR_LEN);
	uint32_t at = CT_IPV6_HDR_LEN;
	bool routed = false;
	uint8_t type;

	if (!hdr)
		return 0;
	type = hdr[CT_IPV6_NEXT_OFF];
	*next_at = CT_IPV6_NEXT_OFF;
	for (int n = 0; may_repeat(type) && n < MAX_HEADERS; n++) {
		uint32_t ext = ext_len(cur, type);

		if (routed && type == CT_IPPROTO_DSTOPTS)
			break;
		hdr = ct_cursor_take(&cur, ext);
		if (!hdr)
			return 0;
		routed |= type == CT_IPPROTO_ROUTING;
		*next_at = at;
		at += ext;
		type = hdr[0];
	}
	return at;
}

uint32_t ct_cut_hdr(const struct ct_cut *cut)
{
	return cut->hdr_len + (cut->l3 == CT_L3_IPV6 ? CT_FRAGMENT_HDR_LEN : 0);
}

/* Options that only the first fragment carries become padding. */
static void drop_options(uint8_t *options, uint32_t len)
{
	uint32_t at = 0;

	while (at < len && options[at] != OPTION_END) {
		uint32_t step = 1;

		if (options[at] != OPTION_NOP) {
			step = at + 1 < len ? options[at + 1] : 0;
			if (step < 2 || at + step > len)
				return;
			if (!(options[at] & OPTION_COPIED))
				memset(options + at, OPTION_NOP, step);
		}
		at += step;
	}
}

static void write_v4(const struct ct_cut *cut, uint8_t *to)
{
	uint32_t bits = cut->off / 8 | (cut->more ? CT_IPV4_MORE : 0) |
			(cut->df ? CT_IPV4_DF : 0);

	if (cut->off)
		drop_options(to + CT_IPV4_HDR_LEN,
			     cut->hdr_len - CT_IPV4_HDR_LEN);
	ct_csum_store(to + CT_IPV4_TOTAL_OFF,
		      (uint16_t)(cut->hdr_len + cut->len));
	ct_csum_store(to + CT_IPV4_ID_OFF, (uint16_t)cut->id);
	ct_csum_store(to + CT_IPV4_FRAG_OFF, (uint16_t)bits);
	ct_csum_store(to + CT_IPV4_SUM_OFF, 0);
	ct_csum_store(to + CT_IPV4_SUM_OFF,
		      ct_csum_fold(ct_csum_add(0, to, cut->hdr_len)));
}

static void write_v6(const struct ct_cut *cut, uint8_t *to)
{
	uint8_t *hdr = to + cut->hdr_len;
	uint32_t len =
		cut->hdr_len - CT_IPV6_HDR_LEN + CT_FRAGMENT_HDR_LEN + cut->len;

	hdr[0] = to[cut->next_at];
	hdr[1] = 0;
	ct_csum_store(hdr + 2,
		      (uint16_t)(cut->off | (cut->more ? CT_IPV6_MORE : 0)));
	ct_csum_store(hdr + 4, (uint16_t)(cut->id >> 16));
	ct_csum_store(hdr + 6, (uint16_t)cut->id);
	to[cut->next_at] = CT_IPPROTO_FRAGMENT;
	ct_csum_store(to + CT_IPV6_LEN_OFF, (uint16_t)len);
}

void ct_cut_write(const struct ct_cut *cut, uint8_t *to)
{
	memcpy(to, cut->hdr, cut->hdr_len);
	if (cut->l3 == CT_L3_IPV4)
		write_v4(cut, to);
	else
		write_v6(cut, to);
}
