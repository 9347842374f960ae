/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * whole.c - a datagram that was put together; see whole.h
 */
#include "core/whole.h"

#include "core/table.h"
#include "wire/csum.h"
#include "wire/hdr.h"

#include <arpa/inet.h>
#include <string.h>

/* --- Put together ------------------------------------------------------- */

/* IPv4: not to be cut, if the largest piece was not. */
static bool keeps_df(const struct ct_assembly *pieces)
{
	return pieces->max_df && pieces->max_df == pieces->max;
}

/* => Bytes of its header, without a fragment header. */
static uint32_t header_len(const struct ct_datagram *datagram)
{
	uint32_t hdr = datagram->pieces.first->hdr;

	return datagram->key.l3 == CT_L3_IPV6 ? hdr - CT_FRAGMENT_HDR_LEN : hdr;
}

/* => As many bytes as its length field counts. */
static uint32_t counted(const struct ct_datagram *datagram)
{
	uint32_t total = header_len(datagram) + datagram->pieces.len;

	return datagram->key.l3 == CT_L3_IPV6 ? total - CT_IPV6_HDR_LEN : total;
}

static void finish_v4(uint8_t *hdr, const struct ct_datagram *datagram, int ecn)
{
	enum { TOS = 1 };
	uint32_t len = header_len(datagram);

	hdr[TOS] |= (uint8_t)ecn;
	ct_csum_store(hdr + CT_IPV4_TOTAL_OFF, (uint16_t)counted(datagram));
	ct_csum_store(hdr + CT_IPV4_FRAG_OFF,
		      keeps_df(&datagram->pieces) ? CT_IPV4_DF : 0);
	ct_csum_store(hdr + CT_IPV4_SUM_OFF, 0);
	ct_csum_store(hdr + CT_IPV4_SUM_OFF,
		      ct_csum_fold(ct_csum_add(0, hdr, len)));
}

static void finish_v6(uint8_t *hdr, const struct ct_datagram *datagram, int ecn)
{
	hdr[1] |= (uint8_t)(ecn << 4);
	hdr[datagram->pieces.next_at] = datagram->pieces.next;
	ct_csum_store(hdr + CT_IPV6_LEN_OFF, (uint16_t)counted(datagram));
}

static uint16_t *sizes_of(struct ct_whole *whole)
{
	return (uint16_t *)(void *)(whole->room + whole->room_len);
}

static void copy(struct ct_whole *whole, const struct ct_datagram *datagram)
{
	uint16_t *size = sizes_of(whole);
	uint8_t *to = whole->room + CT_FRAG_HEADROOM;
	struct ct_piece *piece = datagram->pieces.first;
	uint32_t len = header_len(datagram);

	memcpy(to, ct_piece_bytes(piece), len);
	for (to += len; piece; piece = piece->next) {
		memcpy(to, ct_piece_bytes(piece) + piece->hdr, piece->len);
		to += piece->len;
		*size++ = (uint16_t)piece->len;
	}
}

static struct ct_whole *allocate(struct ct_thread *thr,
				 const struct ct_datagram *datagram)
{
	const struct ct_assembly *pieces = &datagram->pieces;
	size_t room = CT_FRAG_HEADROOM + header_len(datagram) + pieces->len +
		      CT_FRAG_TAILROOM;
	struct ct_whole *whole;

	room = (room + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
	whole = ct_kept_take(&thr->tbl->mem,
			     sizeof(*whole) + room +
				     pieces->n * sizeof(uint16_t));
	if (!whole)
		return NULL;
	memset((uint8_t *)whole + sizeof(whole->kept), 0,
	       sizeof(*whole) - sizeof(whole->kept));
	whole->n = pieces->n;
	whole->max = pieces->max;
	whole->payload = pieces->len;
	whole->room_len = (uint32_t)room;
	whole->l3 = datagram->key.l3;
	whole->df = keeps_df(pieces);
	whole->kept.next = thr->kept;
	thr->kept = &whole->kept;
	return whole;
}

static uint32_t id_of(const struct ct_datagram *datagram)
{
	uint32_t id = ntohs(datagram->key.src_id);

	return datagram->key.l3 == CT_L3_IPV4
		       ? id
		       : id << 16 | ntohs(datagram->key.dst_id);
}

static void hand_over(struct ct_pkt *pkt, struct ct_whole *whole, uint32_t len)
{
	pkt->data = whole->room + CT_FRAG_HEADROOM;
	pkt->len = len;
	pkt->frame_len = 0;
	pkt->headroom = CT_FRAG_HEADROOM;
	pkt->tailroom = whole->room_len - CT_FRAG_HEADROOM - len;
	/* A network card has seen fragments only. */
	pkt->csum = CT_CSUM_NONE;
	pkt->flags |= CT_PKT_WHOLE;
	pkt->frag = (uintptr_t)whole;
}

enum ct_reason ct_whole_make(struct ct_thread *thr, struct ct_pkt *pkt,
			     const struct ct_datagram *datagram)
{
	int ecn = ct_assembly_ecn(&datagram->pieces);
	struct ct_whole *whole;

	if (counted(datagram) > CT_DATAGRAM_MAX)
		return CT_R_FRAG_TOO_LARGE;
	if (ecn < 0)
		return CT_R_FRAG_ECN;
	whole = allocate(thr, datagram);
	if (!whole)
		return CT_R_NO_MEMORY;
	copy(whole, datagram);
	whole->id = id_of(datagram);
	if (datagram->key.l3 == CT_L3_IPV4)
		finish_v4(whole->room + CT_FRAG_HEADROOM, datagram, ecn);
	else
		finish_v6(whole->room + CT_FRAG_HEADROOM, datagram, ecn);
	hand_over(pkt, whole, header_len(datagram) + datagram->pieces.len);
	return CT_R_NONE;
}

/* --- Cut ---------------------------------------------------------------- */

/* IPv6's least MTU: what comes over from IPv4, whose headers are shorter, is
 * cut to fit, if it does not as it is (RFC 7915 4.1). */
enum { LEAST_MTU = 1280 };

/* The header that each piece repeats; 0 for a packet that has none. */
static uint32_t repeated(const struct ct_pkt *pkt, struct ct_cut *cut)
{
	cut->l3 = pkt->l3;
	cut->hdr = pkt->data;
	if (pkt->l3 == CT_L3_IPV6)
		cut->hdr_len = ct_ip6_unfragmentable(pkt->data, pkt->len,
						     &cut->next_at);
	else if (pkt->len >= CT_IPV4_HDR_LEN)
		cut->hdr_len = (pkt->data[0] & 0xfu) * 4;
	return cut->hdr_len <= pkt->len ? cut->hdr_len : 0;
}

static bool crossed(const struct ct_whole *whole, const struct ct_pkt *pkt)
{
	return whole->l3 != pkt->l3;
}

/* => Whether it leaves as it is.  IPv4 in pieces always, as Linux does. */
static bool uncut(const struct ct_whole *whole, const struct ct_pkt *pkt)
{
	if (whole->n == 1)
		return true;
	if (pkt->l3 == CT_L3_IPV4)
		return false;
	return pkt->len <= (crossed(whole, pkt) ? LEAST_MTU : whole->max);
}

/* => Payload of the largest piece. */
static uint32_t most(const struct ct_whole *whole, const struct ct_cut *cut)
{
	uint32_t hdr = ct_cut_hdr(cut);
	uint32_t max = whole->max;

	if (whole->l3 == CT_L3_IPV4 && cut->l3 == CT_L3_IPV6)
		max = LEAST_MTU;
	if (max < hdr + 8)
		max = hdr + 8;
	return (max - hdr) & ~7u;
}

/*
 * => Whether the sizes still are what they were: nothing was put in or taken
 *    out, and each of them fits.
 */
static bool as_it_came(struct ct_whole *whole, const struct ct_cut *cut,
		       uint32_t payload)
{
	const uint16_t *size = sizes_of(whole);
	/* What extension headers behind the fragment header are now repeated. */
	uint32_t gone = whole->payload - payload;

	if (payload > whole->payload || gone >= size[0] || gone % 8)
		return false;
	if (gone && whole->l3 == CT_L3_IPV4)
		return false;
	if (whole->l3 == cut->l3 || cut->l3 == CT_L3_IPV4)
		return true;
	for (uint32_t i = 0; i < whole->n; i++)
		if (size[i] > LEAST_MTU - ct_cut_hdr(cut))
			return false;
	return true;
}

static uint32_t next_size(struct ct_whole *whole, const struct ct_cut *cut,
			  uint32_t payload)
{
	uint32_t left = payload - whole->off;
	uint32_t size = most(whole, cut);

	if (as_it_came(whole, cut, payload))
		size = whole->n_cut ? sizes_of(whole)[whole->n_cut]
				    : sizes_of(whole)[0] -
					      (whole->payload - payload);
	return size < left ? size : left;
}

/* The identification that the pieces have. */
static uint32_t choose_id(struct ct_thread *thr, const struct ct_whole *whole,
			  const struct ct_pkt *pkt)
{
	if (pkt->l3 == CT_L3_IPV4 || crossed(whole, pkt))
		return whole->id;
	return ct_random(thr);
}

/* Room for all pieces: they may be sent together. */
static bool begin(struct ct_thread *thr, struct ct_whole *whole,
		  const struct ct_cut *cut, uint32_t payload)
{
	uint32_t least = most(whole, cut);
	uint32_t n = whole->n + payload / (least ? least : 1) + 1;
	size_t each = (size_t)CT_FRAG_HEADROOM + ct_cut_hdr(cut);
	size_t len = n * each + payload;
	struct ct_kept *kept =
		ct_kept_take(&thr->tbl->mem, sizeof(*kept) + len);

	if (!kept)
		return false;
	kept->next = thr->kept;
	thr->kept = kept;
	whole->area = (uint8_t *)(kept + 1);
	whole->area_len = (uint32_t)len;
	return true;
}

static void write_piece(struct ct_whole *whole, struct ct_pkt *to,
			const struct ct_cut *cut)
{
	uint32_t hdr = ct_cut_hdr(cut);
	uint8_t *at = whole->area + whole->area_used + CT_FRAG_HEADROOM;

	ct_cut_write(cut, at);
	memcpy(at + hdr, cut->hdr + cut->hdr_len + cut->off, cut->len);
	to->data = at;
	to->len = hdr + cut->len;
	to->headroom = CT_FRAG_HEADROOM;
	to->tailroom = 0;
	to->l4_off = (uint16_t)hdr;
	to->l4_len = cut->len;
	whole->area_used += CT_FRAG_HEADROOM + to->len;
	whole->off += cut->len;
	whole->n_cut++;
}

/* => How it goes on: a piece more, or not. */
static bool cut_next(struct ct_thread *thr, struct ct_pkt *pkt,
		     struct ct_whole *whole, struct ct_pkt *to)
{
	struct ct_cut cut = { 0 };
	uint32_t payload;

	if (!repeated(pkt, &cut))
		return false;
	payload = pkt->len - cut.hdr_len;
	if (whole->off >= payload)
		return false;
	if (!whole->area) {
		if (!begin(thr, whole, &cut, payload)) {
			pkt->reason = CT_R_NO_MEMORY;
			ct_count(thr, CT_R_NO_MEMORY);
			return false;
		}
		whole->new_id = choose_id(thr, whole, pkt);
	}
	cut.id = whole->new_id;
	cut.off = whole->off;
	cut.len = next_size(whole, &cut, payload);
	cut.more = cut.off + cut.len < payload;
	cut.df = whole->df && !crossed(whole, pkt);
	if (whole->area_used + CT_FRAG_HEADROOM + ct_cut_hdr(&cut) + cut.len >
	    whole->area_len)
		return false;
	write_piece(whole, to, &cut);
	return true;
}

bool ct_whole_cut(struct ct_thread *thr, struct ct_pkt *pkt,
		  struct ct_whole *whole, struct ct_pkt *to)
{
	if (!uncut(whole, pkt))
		return cut_next(thr, pkt, whole, to);
	return whole->n_cut++ == 0;
}
