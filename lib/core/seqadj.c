/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seqadj.c - sequence numbers of a stream whose bytes a helper has replaced
 */
#include "core/seqadj.h"

#include "core/help.h"
#include "core/table.h"
#include "wire/csum.h"
#include "wire/hdr.h"

#include <conntrack/cursor.h>
#include <string.h>

enum {
	FLAG_ACK = 0x10,
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_SACK = 5,
	OPT_HEAD = 2, /* kind and length */
	BLOCK_LEN = 8 /* left and right edge */
};

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

int32_t ct_seqadj_at(const struct ct_seqadj *adj, uint32_t seq)
{
	int32_t off = adj->base;

	for (uint32_t i = 0; i < adj->n; i++)
		if (before(adj->step[i].pos, seq))
			off = adj->step[i].after;
	return off;
}

int32_t ct_seqadj_back(const struct ct_seqadj *adj, uint32_t ack)
{
	int32_t off = adj->base;

	for (uint32_t i = 0; i < adj->n; i++)
		if (before(adj->step[i].pos, ack - (uint32_t)off))
			off = adj->step[i].after;
	return off;
}

/* The offset before the last step, and behind it. */
static int32_t offset_before(const struct ct_seqadj *adj)
{
	return adj->n > 1 ? adj->step[adj->n - 2].after : adj->base;
}

static int32_t offset_now(const struct ct_seqadj *adj)
{
	return adj->n ? adj->step[adj->n - 1].after : adj->base;
}

struct ct_seqadj_last ct_seqadj_last(const struct ct_seqadj *adj)
{
	return (struct ct_seqadj_last){
		.pos = adj->n ? adj->step[adj->n - 1].pos : 0,
		.before = offset_before(adj),
		.after = offset_now(adj),
	};
}

static void forget_oldest(struct ct_seqadj *adj)
{
	adj->base = adj->step[0].after;
	adj->n--;
	memmove(adj->step, adj->step + 1, adj->n * sizeof(*adj->step));
}

void ct_seqadj_change(struct ct_seqadj *adj, uint32_t seq, int32_t delta,
		      uint32_t keep)
{
	int32_t now = offset_now(adj);

	if (!delta)
		return;
	/* A step that changes nothing any more is none. */
	if (adj->n && offset_before(adj) == now)
		adj->n--;
	if (adj->n && !before(adj->step[adj->n - 1].pos, seq))
		return;
	if (keep > CT_SEQADJ_STEPS)
		keep = CT_SEQADJ_STEPS;
	while (adj->n && adj->n >= keep)
		forget_oldest(adj);
	adj->step[adj->n].pos = seq;
	adj->step[adj->n].after = now + delta;
	adj->n++;
}

/* --- A segment ---------------------------------------------------------- */

uint32_t ct_seqadj_shift(uint8_t *at, uint32_t by, bool odd)
{
	uint32_t value = ct_load_u32(at) + by;
	const uint8_t bytes[4] = { (uint8_t)(value >> 24),
				   (uint8_t)(value >> 16),
				   (uint8_t)(value >> 8), (uint8_t)value };
	uint32_t diff = ct_csum_put32(at, bytes);

	/* At an odd place the bytes of each word change their halves. */
	diff = ct_csum_folded(diff);
	return odd ? (diff & 0xff) << 8 | diff >> 8 : diff;
}

/* Shift a number in the header by so much. */
static uint32_t shift(uint8_t *at, int32_t by, bool odd)
{
	return ct_seqadj_shift(at, (uint32_t)by, odd);
}

/* One SACK option, whose blocks begin at off of the header. */
static uint32_t shift_blocks(uint8_t *tcp, uint32_t off, uint32_t end,
			     const struct ct_seqadj *other)
{
	uint32_t diff = 0;

	for (; off + BLOCK_LEN <= end; off += BLOCK_LEN)
		for (uint32_t edge = off; edge < off + BLOCK_LEN; edge += 4)
			diff = ct_csum_both(
				diff,
				shift(tcp + edge,
				      -ct_seqadj_back(other,
						      ct_load_u32(tcp + edge)),
				      edge & 1));
	return diff;
}

/* => False for an option that goes beyond the header. */
static bool shift_sacks(uint8_t *tcp, uint32_t len,
			const struct ct_seqadj *other, uint32_t *diff)
{
	uint32_t off = CT_TCP_HDR_LEN;

	while (off < len && tcp[off] != OPT_END) {
		if (tcp[off] == OPT_NOP) {
			off++;
			continue;
		}
		if (len - off < OPT_HEAD || tcp[off + 1] < OPT_HEAD ||
		    tcp[off + 1] > len - off)
			return false;
		if (tcp[off] == OPT_SACK)
			*diff = ct_csum_both(
				*diff, shift_blocks(tcp, off + OPT_HEAD,
						    off + tcp[off + 1], other));
		off += tcp[off + 1];
	}
	return true;
}

bool ct_seqadj_write(struct ct_pkt *pkt, const struct ct_seqadj *own,
		     const struct ct_seqadj *other)
{
	uint8_t *tcp = pkt->data + pkt->l4_off;
	uint32_t len, diff;

	if (pkt->len < pkt->l4_off + (uint32_t)CT_TCP_HDR_LEN)
		return false;
	len = (uint32_t)(tcp[CT_TCP_OFFSET_OFF] >> 4) * 4;
	if (len < CT_TCP_HDR_LEN || len > pkt->len - pkt->l4_off)
		return false;
	diff = shift(tcp + CT_TCP_SEQ_OFF,
		     ct_seqadj_at(own, ct_load_u32(tcp + CT_TCP_SEQ_OFF)),
		     false);
	if (tcp[CT_TCP_FLAGS_OFF] & FLAG_ACK) {
		uint8_t *ack = tcp + CT_TCP_ACK_OFF;

		diff = ct_csum_both(
			diff,
			shift(ack, -ct_seqadj_back(other, ct_load_u32(ack)),
			      false));
		if (!shift_sacks(tcp, len, other, &diff))
			return false;
	}
	/* A partial sum is that of the pseudo header alone. */
	if (pkt->csum != CT_CSUM_PARTIAL)
		ct_csum_patch(tcp + CT_TCP_SUM_OFF, diff);
	return true;
}

int32_t ct_seqadj_ack_shift(const struct ct_table *tbl,
			    const struct ct_conn *conn, enum ct_dir dir,
			    uint32_t ack)
{
	const struct ct_helped *help = ct_help_of(tbl, conn);

	if (!help)
		return 0;
	/* A proxy's offset may be any: what is behind a step tells only what is
	 * left without it. */
	if (help->proxied.flags)
		return ct_seqadj_back(&help->adj[!dir], ack);
	/* As Linux' window check has it: by the last byte acknowledged. */
	return ct_seqadj_at(&help->adj[!dir], ack - 1);
}
