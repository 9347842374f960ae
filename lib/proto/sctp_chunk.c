/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks; see sctp_chunk.h.
 *
 * A chunk that says it is longer than the packet is the last one: what matters
 * stands in front.  Bytes behind the last chunk that make no header are
 * padding.
 */
#include "proto/sctp_chunk.h"

#include "wire/hdr.h"

enum {
	CHUNK_HDR_LEN = 4,
	INIT_LEN = 20, /* its fixed part, RFC 9260 3.3.2 */
	FLAG_T = 0x01  /* RFC 9260 3.3.7, 3.3.13 */
};

/* RFC 9260 3.2. */
static const uint8_t events[] = {
	[0] = CT_SCTP_EV_DATA,
	[1] = CT_SCTP_EV_INIT,
	[2] = CT_SCTP_EV_INIT_ACK,
	[3] = CT_SCTP_EV_OTHER, /* SACK */
	[4] = CT_SCTP_EV_HEARTBEAT,
	[5] = CT_SCTP_EV_HEARTBEAT_ACK,
	[6] = CT_SCTP_EV_ABORT,
	[7] = CT_SCTP_EV_SHUTDOWN,
	[8] = CT_SCTP_EV_SHUTDOWN_ACK,
	[9] = CT_SCTP_EV_ERROR,
	[10] = CT_SCTP_EV_COOKIE_ECHO,
	[11] = CT_SCTP_EV_COOKIE_ACK,
	[12] = CT_SCTP_EV_OTHER, /* ECNE */
	[13] = CT_SCTP_EV_OTHER, /* CWR */
	[14] = CT_SCTP_EV_SHUTDOWN_COMPLETE,
};

/* These must be the only chunk, RFC 9260 6.10 ... */
#define ALONE                                                                  \
	(UINT32_C(1) << CT_SCTP_EV_INIT | UINT32_C(1) << CT_SCTP_EV_INIT_ACK | \
	 UINT32_C(1) << CT_SCTP_EV_SHUTDOWN_COMPLETE)

/* ... and these the first, 5.1. */
#define FIRST                                    \
	(UINT32_C(1) << CT_SCTP_EV_COOKIE_ECHO | \
	 UINT32_C(1) << CT_SCTP_EV_COOKIE_ACK)

static bool has_tag(const struct ct_sctp_chunk *chunk)
{
	return chunk->event == CT_SCTP_EV_INIT ||
	       chunk->event == CT_SCTP_EV_INIT_ACK;
}

/* => The length as the chunk says, or 0 when there is no chunk. */
static uint16_t read_header(struct ct_cursor *cur, struct ct_sctp_chunk *chunk)
{
	uint8_t type = ct_cursor_u8(cur);
	uint8_t flags = ct_cursor_u8(cur);
	uint16_t len = ct_cursor_u16(cur);

	chunk->tag = 0;
	chunk->event = type < sizeof(events) ? events[type] : CT_SCTP_EV_OTHER;
	chunk->reflected = flags & FLAG_T;
	return len;
}

static void skip_rest(struct ct_cursor *cur, uint32_t rest)
{
	size_t left = ct_cursor_left(cur);

	ct_cursor_skip(cur, rest < left ? rest : left);
}

/* => False for a chunk that cannot be; the cursor has failed then, or not. */
static bool read_chunk(struct ct_cursor *cur, struct ct_sctp_chunk *chunk)
{
	uint16_t len = read_header(cur, chunk);
	uint32_t rest = (len + UINT32_C(3)) / 4 * 4 - CHUNK_HDR_LEN;
	struct ct_cursor body = *cur;

	if (!len)
		return false;
	if (has_tag(chunk)) {
		if (ct_cursor_left(&body) < INIT_LEN - CHUNK_HDR_LEN)
			return false;
		chunk->tag = ct_cursor_u32(&body);
	}
	skip_rest(cur, rest);
	return true;
}

bool ct_sctp_next(struct ct_cursor *cur, struct ct_sctp_chunk *chunk)
{
	return ct_cursor_left(cur) >= CHUNK_HDR_LEN && read_chunk(cur, chunk);
}

struct ct_cursor ct_sctp_chunks(const struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	ct_cursor_skip(&cur, CT_SCTP_HDR_LEN);
	return cur;
}

enum ct_reason ct_sctp_read(const struct ct_pkt *pkt, struct ct_sctp_pkt *found)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	struct ct_sctp_chunk chunk;

	ct_cursor_skip(&cur, CT_SCTP_TAG_OFF);
	found->tag = ct_cursor_u32(&cur);
	found->events = 0;
	ct_cursor_skip(&cur, CT_SCTP_HDR_LEN - CT_SCTP_SUM_OFF);
	if (!ct_cursor_good(&cur))
		return CT_R_L4_TRUNCATED;
	while (ct_cursor_left(&cur) >= CHUNK_HDR_LEN) {
		uint32_t before = found->events;

		if (!read_chunk(&cur, &chunk))
			return CT_R_SCTP_CHUNK;
		found->events |= ct_sctp_bit(chunk.event);
		if (before && ((found->events & ALONE) ||
			       (ct_sctp_bit(chunk.event) & FIRST)))
			return CT_R_SCTP_BUNDLE;
	}
	return found->events ? CT_R_NONE : CT_R_SCTP_CHUNK;
}
