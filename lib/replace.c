/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace.c - ct_help_replace(): other bytes in a payload
 *
 * The bytes behind move, in the packet and, if the speech began with bytes of
 * earlier ones, in the view's memory, too.  Then lengths and sums follow, from
 * the inside out.
 */
#include "help.h"

#include "core/table.h"
#include "wire/csum.h"
#include "wire/hdr.h"

/* What goes, and what comes. */
struct edit {
	uint32_t at; /* from pkt->data */
	uint32_t old_len;
	const void *text;
	uint32_t new_len;
};

/* The L4 part of a packet, as far as it is there. */
static uint32_t l4_there(const struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	return (uint32_t)ct_cursor_left(&cur);
}

static uint32_t sum_off(const struct ct_pkt *pkt)
{
	return pkt->l4_off + (uint32_t)(pkt->l4 == CT_IPPROTO_TCP
						? CT_TCP_SUM_OFF
						: CT_UDP_SUM_OFF);
}

/* Put text in the place of bytes of a buffer that holds len of them. */
static void put(uint8_t *bytes, uint32_t len, uint32_t at,
		const struct edit *edit)
{
	uint32_t end = at + edit->old_len;

	memmove(bytes + at + edit->new_len, bytes + end, len - end);
	if (edit->new_len)
		memcpy(bytes + at, edit->text, edit->new_len);
}

/* --- Lengths ------------------------------------------------------------ */

/* Where IP says how long the packet is, and what that may be at most. */
static uint8_t *length_field(const struct ct_pkt *pkt)
{
	if (pkt->l3 == CT_L3_IPV4)
		return pkt->data + CT_IPV4_TOTAL_OFF;
	return pkt->l3 == CT_L3_IPV6 ? pkt->data + CT_IPV6_LEN_OFF : NULL;
}

/* => Whether the packet can become so much longer. */
static int check_room(const struct ct_pkt *pkt, int64_t grow)
{
	const uint8_t *field = length_field(pkt);
	uint64_t end = (uint64_t)pkt->l4_off + pkt->l4_len;

	if (!grow)
		return 0;
	/* What lies elsewhere cannot move. */
	if (!field || end > pkt->len)
		return CT_E_NOSPC;
	if ((int64_t)end + grow > (int64_t)pkt->len + pkt->tailroom ||
	    ct_load_u16(field) + grow > UINT16_MAX ||
	    pkt->l4_len + grow > UINT16_MAX)
		return CT_E_NOSPC;
	return 0;
}

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void set_lengths(struct ct_pkt *pkt, int32_t grow)
{
	uint32_t end = pkt->l4_off + pkt->l4_len;
	uint8_t *field = length_field(pkt);
	uint8_t now[2];

	put_u16(now, (uint32_t)(ct_load_u16(field) + grow));
	if (pkt->l3 == CT_L3_IPV4)
		ct_csum_patch(pkt->data + CT_IPV4_SUM_OFF,
			      ct_csum_put16(field, now));
	else
		memcpy(field, now, sizeof(now));
	pkt->l4_len += (uint32_t)grow;
	if (pkt->l4 == CT_IPPROTO_UDP)
		put_u16(pkt->data + pkt->l4_off + CT_UDP_LEN_OFF, pkt->l4_len);
	/* What padded a short frame is gone. */
	pkt->tailroom += pkt->len - end;
	pkt->tailroom -= (uint32_t)grow;
	pkt->len = end + (uint32_t)grow;
	if (pkt->frame_len)
		pkt->frame_len = pkt->len;
}

/* --- Sums --------------------------------------------------------------- */

/* A partial sum is of the pseudo header, where the length is. */
static void sum_partial(struct ct_pkt *pkt, int32_t grow)
{
	uint8_t old[2], now[2];

	put_u16(old, (uint32_t)((int32_t)pkt->l4_len - grow));
	put_u16(now, pkt->l4_len);
	ct_csum_patch_partial(pkt->data + sum_off(pkt),
			      ct_csum_diff(0, old, now, sizeof(now)));
}

/* From all bytes, as Linux does: it is right afterwards. */
static void sum_wholly(const struct ct_table *tbl, struct ct_pkt *pkt)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, pkt->l3);
	uint8_t *field = pkt->data + sum_off(pkt);
	uint16_t sum;

	put_u16(field, 0);
	sum = ct_csum_fold(
		ct_csum_add(l3->pseudo_sum(pkt, pkt->l4, pkt->l4_len),
			    pkt->data + pkt->l4_off, pkt->l4_len));
	/* Zero is "none" (RFC 768). */
	if (!sum && pkt->l4 == CT_IPPROTO_UDP)
		sum = UINT16_MAX;
	put_u16(field, sum);
}

static bool summed(const struct ct_pkt *pkt)
{
	return pkt->l4 != CT_IPPROTO_UDP ||
	       ct_load_u16(pkt->data + sum_off(pkt));
}

/* --- The verb ----------------------------------------------------------- */

static void edit_packet(const struct ct_table *tbl, struct ct_pkt *pkt,
			const struct edit *edit)
{
	const int32_t grow = (int32_t)edit->new_len - (int32_t)edit->old_len;
	const uint32_t there = l4_there(pkt);
	const bool whole = there == pkt->l4_len;
	const bool sums = summed(pkt);
	uint32_t before = 0;

	if (!whole)
		before = ct_csum_add(0, pkt->data + pkt->l4_off, there);
	put(pkt->data, pkt->l4_off + there, edit->at, edit);
	if (grow)
		set_lengths(pkt, grow);
	if (pkt->csum == CT_CSUM_PARTIAL)
		sum_partial(pkt, grow);
	else if (whole && sums)
		sum_wholly(tbl, pkt);
	else if (sums) /* of the same length: what is not here is the same */
		ct_csum_patch(
			pkt->data + sum_off(pkt),
			ct_csum_both(
				ct_csum_add(0, pkt->data + pkt->l4_off, there),
				ct_csum_fold(before)));
}

static int check(struct ct_help_call *call, const struct ct_speech *speech,
		 uint32_t off, const struct edit *edit)
{
	const struct ct_pkt *pkt = call->pkt;

	if (pkt->l4 != CT_IPPROTO_TCP && pkt->l4 != CT_IPPROTO_UDP)
		return CT_E_INVAL;
	if (off > speech->len || edit->old_len > speech->len - off)
		return CT_E_INVAL;
	if (off < speech->fresh) {
		call->too_late = true;
		return CT_E_INVAL;
	}
	if (edit->new_len > UINT16_MAX ||
	    (call->joined && edit->new_len > edit->old_len &&
	     edit->new_len - edit->old_len > call->size - speech->len))
		return CT_E_NOSPC;
	return check_room(pkt, (int64_t)edit->new_len - edit->old_len);
}

int ct_help_replace(struct ct_thread *thr, struct ct_pkt *pkt,
		    struct ct_speech *speech, uint32_t off, uint32_t old_len,
		    const void *text, uint32_t new_len)
{
	struct ct_help_call *call = speech->priv[0];
	const struct edit edit = {
		.at = call->off + (off - speech->fresh),
		.old_len = old_len,
		.text = text,
		.new_len = new_len,
	};
	int error = check(call, speech, off, &edit);

	if (error)
		return error;
	if (call->joined)
		put(call->joined, speech->len, off, &edit);
	edit_packet(thr->tbl, pkt, &edit);
	speech->len += new_len - old_len;
	call->grown += (int32_t)new_len - (int32_t)old_len;
	if (call->written < off + new_len)
		call->written = off + new_len;
	return 0;
}
