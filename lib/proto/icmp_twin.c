/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP as ICMPv6 and back; see icmp_twin.h.
 *
 * Type, code and checksum stand at the same places.  What an error has in the
 * four bytes behind them does not:
 *
 *	          byte 4          5               6               7
 *	IPv4     +---------------+---------------+-------------------------------+
 *	         |    pointer    |               |              MTU              |
 *	IPv6     +---------------+---------------+-------------------------------+
 *	         |                        pointer or MTU                         |
 *	         +---------------------------------------------------------------+
 *
 * The length of the quote that RFC 4884 puts there, before extensions, is not
 * taken along: they become part of the quote.
 */
#include "proto/icmp_twin.h"

#include "proto/icmp.h"
#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/iphead.h"

enum { ECHO_REPLY_V4 = 0, ECHO_V4 = 8, ECHO_V6 = 128, ECHO_REPLY_V6 = 129 };

/* --- Queries ------------------------------------------------------------ */

static bool twin_type(uint8_t l3, uint8_t type, uint8_t *twin)
{
	bool from_v4 = l3 == CT_L3_IPV4;

	if (type == (from_v4 ? ECHO_V4 : ECHO_V6))
		*twin = from_v4 ? ECHO_V6 : ECHO_V4;
	else if (type == (from_v4 ? ECHO_REPLY_V4 : ECHO_REPLY_V6))
		*twin = from_v4 ? ECHO_REPLY_V6 : ECHO_REPLY_V4;
	else
		return false;
	return true;
}

bool ct_icmp_convert(const struct ct_tuple *t, struct ct_tuple *other)
{
	uint8_t type;

	if (!twin_type(t->l3, ct_icmp_type(t), &type))
		return false;
	other->src_id = t->src_id;
	other->dst_id = t->dst_id; /* for the code */
	memcpy(&other->dst_id, &type, sizeof(type));
	return true;
}

/* --- Errors ------------------------------------------------------------- */

/* What stands in bytes 4 to 7. */
enum rest { NOTHING, MTU, POINTER, NEXT_HEADER };

enum { KEEP = 255, ANY = 255 };

struct row {
	uint8_t type;
	uint8_t code_min;
	uint8_t code_max;
	uint8_t to_type;
	uint8_t to_code; /* or KEEP */
	uint8_t rest;
};

/* clang-format off */
/* RFC 7915 4.2; what is not here is dropped. */
static const struct row to_v6[] = {
	{ 3, 0, 1,     1, 0,    NOTHING },     /* net, host: no route */
	{ 3, 2, 2,     4, 1,    NEXT_HEADER }, /* protocol */
	{ 3, 3, 3,     1, 4,    NOTHING },     /* port */
	{ 3, 4, 4,     2, 0,    MTU },         /* fragmentation needed */
	{ 3, 5, 8,     1, 0,    NOTHING },     /* source route; unknown */
	{ 3, 9, 10,    1, 1,    NOTHING },     /* prohibited */
	{ 3, 11, 12,   1, 0,    NOTHING },     /* for this type of service */
	{ 3, 13, 13,   1, 1,    NOTHING },     /* prohibited */
	{ 3, 15, 15,   1, 1,    NOTHING },     /* precedence cutoff */
	{ 11, 0, ANY,  3, KEEP, NOTHING },     /* time exceeded */
	{ 12, 0, 0,    4, 0,    POINTER },     /* parameter problem */
	{ 12, 2, 2,    4, 0,    POINTER },     /* the same: length */
};

/* RFC 7915 5.2 */
static const struct row to_v4[] = {
	{ 1, 0, 0,     3, 1,    NOTHING },     /* no route: host */
	{ 1, 1, 1,     3, 10,   NOTHING },     /* prohibited */
	{ 1, 2, 3,     3, 1,    NOTHING },     /* scope; address */
	{ 1, 4, 4,     3, 3,    NOTHING },     /* port */
	{ 2, 0, ANY,   3, 4,    MTU },         /* packet too big */
	{ 3, 0, ANY,  11, KEEP, NOTHING },     /* time exceeded */
	{ 4, 0, 0,    12, 0,    POINTER },     /* parameter problem */
	{ 4, 1, 1,     3, 2,    NOTHING },     /* next header: protocol */
};
/* clang-format on */

static const struct row *find_row(uint8_t l3, uint8_t type, uint8_t code)
{
	const struct row *row = l3 == CT_L3_IPV4 ? to_v6 : to_v4;
	const struct row *end = l3 == CT_L3_IPV4
					? to_v6 + sizeof(to_v6) / sizeof(*row)
					: to_v4 + sizeof(to_v4) / sizeof(*row);

	for (; row < end; row++)
		if (row->type == type && code >= row->code_min &&
		    code <= row->code_max)
			return row;
	return NULL;
}

/* The fields that a pointer may point to, first byte and last; figures 3 and
 * 6 of the RFC. */
static const struct field {
	uint8_t first;
	uint8_t last;
	uint8_t to;
} fields_of_v4[] = {
	{ 0, 0, 0 },    /* version */
	{ 1, 1, 1 },    /* type of service */
	{ 2, 3, 4 },    /* length */
	{ 8, 8, 7 },    /* time to live */
	{ 9, 9, 6 },    /* protocol */
	{ 12, 15, 8 },  /* source */
	{ 16, 19, 24 }, /* destination */
}, fields_of_v6[] = {
	{ 0, 0, 0 },
	{ 1, 1, 1 },
	{ 4, 5, 2 },
	{ 6, 6, 9 },
	{ 7, 7, 8 },
	{ 8, 23, 12 },
	{ 24, 39, 16 },
};

/* => False where the other header has no such field. */
static bool move_pointer(uint8_t l3, uint32_t pointer, uint32_t *moved)
{
	const struct field *field =
		l3 == CT_L3_IPV4 ? fields_of_v4 : fields_of_v6;

	for (unsigned i = 0; i < sizeof(fields_of_v4) / sizeof(fields_of_v4[0]);
	     i++, field++) {
		if (pointer < field->first || pointer > field->last)
			continue;
		*moved = field->to;
		return true;
	}
	return false;
}
CT_STATIC_ASSERT(sizeof(fields_of_v4) == sizeof(fields_of_v6), "as many");

enum {
	MTU_MIN_V6 = 1280,
	MTU_MIN_V4 = 68,
	LONGER = CT_IPV6_HDR_LEN - CT_IPV4_HDR_LEN,
	FRAG_HDR_LEN = 8
};

/* What MTU a router had that does not say (RFC 1191 7): the next one below
 * the packet's length. */
static uint32_t plateau(uint32_t len)
{
	static const uint16_t mtus[] = { 32000, 17914, 8166, 4352, 2002, 1492 };

	for (unsigned i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++)
		if (mtus[i] < len)
			return mtus[i];
	return MTU_MIN_V6 - LONGER;
}

/* What is quoted; => false when not even its header is there. */
static bool read_quote(const struct ct_pkt *pkt, struct ct_iphead *head)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	ct_cursor_skip(&cur, CT_ICMP_HDR_LEN);
	return ct_iphead_read(head, pkt->l3, &cur);
}

static bool mtu_to_v6(const struct ct_pkt *pkt, uint32_t mtu, uint32_t *to)
{
	struct ct_iphead head;

	if (!mtu) {
		if (!read_quote(pkt, &head))
			return false;
		mtu = plateau(CT_IPV4_HDR_LEN + head.payload);
	}
	mtu += LONGER;
	*to = mtu > MTU_MIN_V6 ? mtu : MTU_MIN_V6;
	return true;
}

static bool mtu_to_v4(const struct ct_pkt *pkt, uint32_t mtu, uint32_t *to)
{
	struct ct_iphead head;
	uint32_t less = LONGER;

	if (!read_quote(pkt, &head))
		return false;
	if (head.fragment)
		less += FRAG_HDR_LEN;
	mtu = mtu > less + MTU_MIN_V4 ? mtu - less : MTU_MIN_V4;
	*to = mtu < UINT16_MAX ? mtu : UINT16_MAX;
	return true;
}

/* Bytes 4 to 7 of an error, for the other protocol. */
static bool cross_rest(const struct ct_pkt *pkt, enum rest rest,
		       const uint8_t old[4], uint8_t new[4])
{
	enum { TO_V6_NEXT_HEADER = 6 };
	bool from_v4 = pkt->l3 == CT_L3_IPV4;
	uint32_t value = 0;
	bool good = true;

	if (rest == MTU && from_v4)
		good = mtu_to_v6(pkt, ct_load_u16(old + 2), &value);
	else if (rest == MTU)
		good = mtu_to_v4(pkt, ct_load_u32(old), &value);
	else if (rest == POINTER)
		good = move_pointer(
			pkt->l3, from_v4 ? old[0] : ct_load_u32(old), &value);
	else if (rest == NEXT_HEADER)
		value = TO_V6_NEXT_HEADER;
	memset(new, 0, 4);
	if (rest == POINTER && !from_v4) {
		new[0] = (uint8_t)value;
	} else {
		ct_csum_store(new, (uint16_t)(value >> 16));
		ct_csum_store(new + 2, (uint16_t)value);
	}
	return good;
}

static bool cross_error(const struct ct_pkt *pkt, const uint8_t *old,
			uint8_t *new)
{
	const struct row *row = find_row(pkt->l3, old[0], old[1]);

	if (!row)
		return false;
	new[0] = row->to_type;
	new[1] = row->to_code == KEEP ? old[1] : row->to_code;
	return cross_rest(pkt, (enum rest)row->rest, old + 4, new + 4);
}

/* --- The verb ----------------------------------------------------------- */

bool ct_icmp_cross(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *hdr = pkt->data + pkt->l4_off;
	uint8_t new[CT_ICMP_HDR_LEN];
	uint32_t diff;
	uint8_t type;

	if (ct_cursor_left(&cur) < CT_ICMP_HDR_LEN)
		return false;
	memcpy(new, hdr, sizeof(new));
	if (twin_type(pkt->l3, hdr[0], &type)) {
		memcpy(new, &how->dst_id, 2);
		memcpy(new + CT_ICMP_ID_OFF, &how->src_id, 2);
	} else if (how->quoted || !cross_error(pkt, hdr, new)) {
		return false;
	}
	diff = ct_csum_diff(how->body, hdr, new, sizeof(new));
	memcpy(hdr, new, sizeof(new));
	return ct_sum_patch(pkt, CT_ICMP_SUM_OFF, how->pseudo, diff);
}
