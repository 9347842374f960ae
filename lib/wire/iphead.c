/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 and IPv6 headers, one as the other; see iphead.h.
 *
 *	IPv4                            IPv6
 *	type of service           <->   traffic class
 *	total length              <->   payload length
 *	time to live              <->   hop limit
 *	protocol                  <->   next header, the last one
 *	identification, MF,
 *	offset of a fragment      <->   fragment header
 *	DF                        <--   set in packets above 1260 bytes, so that
 *	                                their path's MTU is found, and in no
 *	                                others, which may be less than IPv6's
 *	                                least MTU (RFC 7915 5.1)
 *	options                   -->   gone; an unspent source route stops it
 *	                          <--   gone: hop-by-hop and destination options,
 *	                                spent routing headers
 *	                          <--   gone: flow label
 */
#include "wire/iphead.h"

#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/ip6ext.h"

enum { FRAG_HDR_LEN = 8 };

/* --- Read --------------------------------------------------------------- */

/* The option kinds that count (RFC 791 3.1). */
enum { OPT_END = 0, OPT_NOP = 1, OPT_LOOSE = 131, OPT_STRICT = 137 };

/* => A source route is among the options whose pointer is not at its end. */
static bool has_route(struct ct_cursor options)
{
	while (ct_cursor_left(&options)) {
		uint8_t kind = ct_cursor_u8(&options);
		struct ct_cursor body = options;
		uint8_t len, pointer;

		if (kind == OPT_END)
			return false;
		if (kind == OPT_NOP)
			continue;
		len = ct_cursor_u8(&body);
		pointer = ct_cursor_u8(&body);
		if (kind == OPT_LOOSE || kind == OPT_STRICT)
			return !ct_cursor_good(&body) || pointer <= len;
		ct_cursor_skip(&options, len > 1 ? len - 1u : 1);
	}
	return false;
}

static bool read_v4(struct ct_iphead *head, struct ct_cursor *cur)
{
	const uint8_t *hdr = ct_cursor_take(cur, CT_IPV4_HDR_LEN);
	const uint8_t *options;
	uint32_t len, total, frag;

	if (!hdr)
		return false;
	len = (hdr[0] & 0xfu) * 4;
	total = ct_load_u16(hdr + CT_IPV4_TOTAL_OFF);
	frag = ct_load_u16(hdr + CT_IPV4_FRAG_OFF);
	if (len < CT_IPV4_HDR_LEN)
		return false;
	options = ct_cursor_take(cur, len - CT_IPV4_HDR_LEN);
	if (!options)
		return false;
	head->bound = has_route(ct_cursor_of(options, len - CT_IPV4_HDR_LEN));
	head->tclass = hdr[1];
	head->hops = hdr[CT_IPV4_TTL_OFF];
	head->l4 = hdr[CT_IPV4_PROTOCOL_OFF];
	head->payload = total > len ? total - len : 0;
	head->fragment = frag & (CT_IPV4_MORE | CT_IPV4_OFFSET);
	head->frag = (uint16_t)((frag & CT_IPV4_OFFSET) << 3 |
				(frag & CT_IPV4_MORE ? CT_IPV6_MORE : 0));
	head->id = ct_load_u16(hdr + CT_IPV4_ID_OFF);
	memcpy(head->src.bytes, hdr + CT_IPV4_SRC_OFF, 4);
	memcpy(head->dst.bytes, hdr + CT_IPV4_DST_OFF, 4);
	return true;
}

static bool read_v6(struct ct_iphead *head, struct ct_cursor *cur)
{
	const uint8_t *hdr = ct_cursor_take(cur, CT_IPV6_HDR_LEN);
	struct ct_ip6ext ext;
	enum ct_ip6_end end;
	uint32_t len;

	if (!hdr)
		return false;
	end = ct_ip6ext_walk(cur, hdr[CT_IPV6_NEXT_OFF], &ext);
	if (end != CT_IP6_UPPER && end != CT_IP6_LATER)
		return false;
	len = ct_load_u16(hdr + CT_IPV6_LEN_OFF);
	head->bound = ext.bound;
	head->tclass = (uint8_t)(hdr[0] << 4 | hdr[1] >> 4);
	head->hops = hdr[CT_IPV6_HOPS_OFF];
	head->l4 = ext.l4;
	head->payload = len > ext.len ? len - ext.len : 0;
	head->fragment = ext.fragment != NULL;
	if (ext.fragment) {
		head->frag = ct_load_u16(ext.fragment + 2) &
			     (CT_IPV6_MORE | CT_IPV6_OFFSET);
		head->id = ct_load_u32(ext.fragment + 4);
	}
	memcpy(head->src.bytes, hdr + CT_IPV6_SRC_OFF, 16);
	memcpy(head->dst.bytes, hdr + CT_IPV6_DST_OFF, 16);
	return true;
}

bool ct_iphead_read(struct ct_iphead *head, uint8_t l3, struct ct_cursor *cur)
{
	memset(head, 0, sizeof(*head));
	return l3 == CT_L3_IPV4 ? read_v4(head, cur) : read_v6(head, cur);
}

/* --- Write -------------------------------------------------------------- */

static uint16_t v4_frag(const struct ct_iphead *head, uint32_t total)
{
	if (head->fragment)
		return (uint16_t)((head->frag & CT_IPV6_OFFSET) >> 3 |
				  (head->frag & CT_IPV6_MORE ? CT_IPV4_MORE
							     : 0));
	return total > CT_IPHEAD_DF_ABOVE ? CT_IPV4_DF : 0;
}

static uint32_t write_v4(const struct ct_iphead *head, uint8_t *hdr)
{
	uint32_t total = CT_IPV4_HDR_LEN + head->payload;

	memset(hdr, 0, CT_IPV4_HDR_LEN);
	hdr[0] = CT_IPV4_FIRST;
	hdr[1] = head->tclass;
	ct_csum_store(hdr + CT_IPV4_TOTAL_OFF,
		      total <= UINT16_MAX ? (uint16_t)total : 0);
	ct_csum_store(hdr + CT_IPV4_ID_OFF, (uint16_t)head->id);
	ct_csum_store(hdr + CT_IPV4_FRAG_OFF, v4_frag(head, total));
	hdr[CT_IPV4_TTL_OFF] = head->hops;
	hdr[CT_IPV4_PROTOCOL_OFF] = head->l4;
	memcpy(hdr + CT_IPV4_SRC_OFF, head->src.bytes, 4);
	memcpy(hdr + CT_IPV4_DST_OFF, head->dst.bytes, 4);
	ct_csum_store(hdr + CT_IPV4_SUM_OFF,
		      ct_csum_fold(ct_csum_add(0, hdr, CT_IPV4_HDR_LEN)));
	return CT_IPV4_HDR_LEN;
}

/* A fragment's header; one that is atomic needs none (RFC 7915 4.1). */
static uint32_t write_fragment(const struct ct_iphead *head, uint8_t *hdr)
{
	if (!head->fragment || !head->frag)
		return 0;
	hdr[0] = head->l4;
	hdr[1] = 0;
	ct_csum_store(hdr + 2, head->frag);
	ct_csum_store(hdr + 4, (uint16_t)(head->id >> 16));
	ct_csum_store(hdr + 6, (uint16_t)head->id);
	return FRAG_HDR_LEN;
}

static uint32_t write_v6(const struct ct_iphead *head, uint8_t *hdr)
{
	uint32_t more = write_fragment(head, hdr + CT_IPV6_HDR_LEN);
	uint32_t len = more + head->payload;

	hdr[0] = (uint8_t)(CT_IPV6_FIRST | head->tclass >> 4);
	hdr[1] = (uint8_t)(head->tclass << 4);
	ct_csum_store(hdr + 2, 0);
	ct_csum_store(hdr + CT_IPV6_LEN_OFF,
		      len <= UINT16_MAX ? (uint16_t)len : 0);
	hdr[CT_IPV6_NEXT_OFF] = more ? (uint8_t)CT_IPPROTO_FRAGMENT : head->l4;
	hdr[CT_IPV6_HOPS_OFF] = head->hops;
	memcpy(hdr + CT_IPV6_SRC_OFF, head->src.bytes, 16);
	memcpy(hdr + CT_IPV6_DST_OFF, head->dst.bytes, 16);
	return CT_IPV6_HDR_LEN + more;
}

uint32_t ct_iphead_write(const struct ct_iphead *head, uint8_t l3,
			 uint8_t bytes[CT_IPHEAD_MAX])
{
	return l3 == CT_L3_IPV4 ? write_v4(head, bytes) : write_v6(head, bytes);
}
