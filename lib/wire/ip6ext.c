/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chain of IPv6 extension headers; see ip6ext.h.
 *
 *	 0               8              16              24             31
 *	+---------------+---------------+-------------------------------+
 *	|  next header  |    length     |   offset of a fragment    |-|M|
 *	+---------------+---------------+-------------------------------+
 *
 * The length is in units of eight bytes and does not count the first one; an
 * authentication header (RFC 4302 2.2) counts in fours and leaves two out.
 */
#include "wire/ip6ext.h"

#include "wire/hdr.h"

/*
 * RFC 8200 4.1 names seven headers in one packet, RFC 7045 no limit; a chain
 * that is longer than this is meant to keep somebody busy.
 */
enum { MAX_HEADERS = 32 };

static bool is_extension(uint8_t next)
{
	switch (next) {
	case CT_IPPROTO_HOPOPTS:
	case CT_IPPROTO_ROUTING:
	case CT_IPPROTO_FRAGMENT:
	case CT_IPPROTO_AH:
	case CT_IPPROTO_DSTOPTS:
		return true;
	default:
		return false;
	}
}

/* Bytes of a header whose second byte is len. */
static uint32_t header_len(uint8_t type, uint8_t len)
{
	switch (type) {
	case CT_IPPROTO_FRAGMENT:
		return 8;
	case CT_IPPROTO_AH:
		return (len + 2u) * 4;
	default:
		return (len + 1u) * 8;
	}
}

/* The 16 bits of a fragment header; 0, as of an atomic one, for the others. */
static uint16_t fragment_bits(struct ct_cursor at, uint8_t type)
{
	if (type != CT_IPPROTO_FRAGMENT)
		return 0;
	ct_cursor_skip(&at, 2);
	return ct_cursor_u16(&at);
}

/* => The addresses must stay: see ct_ip6ext.bound.  All of it is there. */
static bool is_bound(const uint8_t *hdr, uint8_t type)
{
	enum { SEGMENTS_LEFT = 3 };

	return type == CT_IPPROTO_AH ||
	       (type == CT_IPPROTO_ROUTING && hdr[SEGMENTS_LEFT]);
}

/* Whether a header says that the upper layer comes next. */
static bool names_upper(uint8_t type, uint8_t next)
{
	return type != CT_IPPROTO_FRAGMENT && next != CT_IPPROTO_NONE &&
	       !is_extension(next);
}

enum ct_ip6_end ct_ip6ext_walk(struct ct_cursor *cur, uint8_t next,
			       struct ct_ip6ext *ext)
{
	struct ct_cursor at;
	uint32_t len;
	uint16_t bits;

	memset(ext, 0, sizeof(*ext));
	for (int n = 0; is_extension(next); n++) {
		at = *cur;
		ext->l4 = ct_cursor_u8(&at);
		len = header_len(next, ct_cursor_u8(&at));
		bits = fragment_bits(*cur, next);
		ct_cursor_skip(cur, len);
		if (!ct_cursor_good(cur) || n == MAX_HEADERS) {
			ext->cut = n < MAX_HEADERS && ct_cursor_good(&at) &&
				   names_upper(next, ext->l4);
			return CT_IP6_BROKEN;
		}
		ext->len += len;
		ext->bound |= is_bound(cur->at - len, next);
		if (next == CT_IPPROTO_FRAGMENT)
			ext->fragment = cur->at - len;
		if (bits & (CT_IPV6_MORE | CT_IPV6_OFFSET))
			ext->fragmented = true;
		if (bits & CT_IPV6_OFFSET)
			return CT_IP6_LATER;
		next = ext->l4;
	}
	ext->l4 = next;
	return next == CT_IPPROTO_NONE ? CT_IP6_NO_NEXT : CT_IP6_UPPER;
}
