/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A DCCP header; see dccp_hdr.h.
 */
#include "proto/dccp_hdr.h"

#include "wire/hdr.h"

enum {
	EXTENDED = 0x01, /* X */
	COVER_MASK = 0x0f,
	WORD = 4,
	BRIEF_LEN = 12,
	LONG_LEN = 16,
	TAIL_LEN = 4 /* service code, or a reset's code and data */
};

/* What may be behind the sequence number. */
enum { ACK = 1, TAIL = 2, MAY_BE_BRIEF = 4 };

static const uint8_t parts[CT_DCCP_TYPES] = {
	[CT_DCCP_T_REQUEST] = TAIL,
	[CT_DCCP_T_RESPONSE] = ACK | TAIL,
	[CT_DCCP_T_DATA] = MAY_BE_BRIEF,
	[CT_DCCP_T_ACK] = ACK | MAY_BE_BRIEF,
	[CT_DCCP_T_DATAACK] = ACK | MAY_BE_BRIEF,
	[CT_DCCP_T_CLOSEREQ] = ACK,
	[CT_DCCP_T_CLOSE] = ACK,
	[CT_DCCP_T_RESET] = ACK | TAIL,
	[CT_DCCP_T_SYNC] = ACK,
	[CT_DCCP_T_SYNCACK] = ACK,
	[CT_DCCP_T_LISTEN] = TAIL,
};

/* 48 bits behind 16, or 24 behind 8. */
static uint64_t read_number(struct ct_cursor *cur, bool brief)
{
	uint64_t high;

	if (brief)
		return ct_cursor_u32(cur) & 0xffffff;
	high = ct_cursor_u32(cur) & 0xffff;
	return high << 32 | ct_cursor_u32(cur);
}

/* The shortest header that holds what its type needs. */
static uint32_t header_len(const struct ct_dccp_pkt *found, uint8_t has)
{
	uint32_t len = found->brief ? BRIEF_LEN : LONG_LEN;

	if (has & ACK)
		len += found->brief ? WORD : 2 * WORD;
	return has & TAIL ? len + TAIL_LEN : len;
}

/*
 * RFC 4340 9.2: 0 covers all, 1 the header, and each more four bytes of data,
 * which must be there.
 */
static bool read_cover(struct ct_dccp_pkt *found, uint8_t coverage,
		       uint32_t header, uint32_t len)
{
	uint32_t data = coverage ? (coverage - 1u) * WORD : len - header;

	found->cover = header + data;
	return found->cover <= len;
}

enum ct_reason ct_dccp_read(const struct ct_pkt *pkt, struct ct_dccp_pkt *found)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	struct ct_cursor numbers;
	uint32_t header;
	uint8_t coverage, kind;

	ct_cursor_skip(&cur, CT_PORTS_LEN);
	header = ct_cursor_u8(&cur) * (uint32_t)WORD;
	coverage = ct_cursor_u8(&cur) & COVER_MASK;
	ct_cursor_skip(&cur, sizeof(uint16_t));
	numbers = cur; /* the type's byte is in front of the number */
	kind = ct_cursor_u8(&cur);
	if (!ct_cursor_good(&cur))
		return CT_R_L4_TRUNCATED;
	found->type = kind >> 1 & 0x0f;
	found->brief = !(kind & EXTENDED);
	if (found->type >= CT_DCCP_TYPES ||
	    (found->brief && !(parts[found->type] & MAY_BE_BRIEF)))
		return CT_R_DCCP_TYPE;
	found->has_ack = parts[found->type] & ACK;
	found->seq = read_number(&numbers, found->brief);
	found->ack = found->has_ack ? read_number(&numbers, found->brief) : 0;
	if (!ct_cursor_good(&numbers))
		return CT_R_L4_TRUNCATED;
	if (header < header_len(found, parts[found->type]) ||
	    header > pkt->l4_len)
		return CT_R_L4_LENGTH;
	if (!read_cover(found, coverage, header, pkt->l4_len) &&
	    !(pkt->flags & CT_PKT_FIRST))
		return CT_R_DCCP_COVERAGE;
	return CT_R_NONE;
}
