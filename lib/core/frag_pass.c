/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag_pass.c - fragments that pass in order of arrival
 *
 * The first one tells what the others belong to.  It is tracked like any
 * packet; its connection's tuple is kept, not the connection, so that nothing
 * has to be owned: a later fragment looks it up.
 *
 *	UNKNOWN --first arrives--> PENDING --it was tracked--> TOLD
 *
 * A first one that says what a helper may lengthen does not pass.  It is copied,
 * and so are all others: the datagram is put together.  Those that came before
 * it are held already.
 *
 *	UNKNOWN --first arrives--> gathers --all are there--> done
 *
 * As long as that tuple is in no table, since nobody confirmed the connection,
 * later fragments are held, as those are that come before the first.  Whoever
 * confirmed it asks for them afterwards; whatever comes later then finds the
 * connection, since both happens under the lock.
 */
#include "core/conn.h"
#include "core/frag_index.h"
#include "core/table.h"

#include <string.h>

/* --- Answers ------------------------------------------------------------ */

/* => Known to everybody, with its direction; NULL when there is none. */
static struct ct_conn *find_conn(const struct ct_thread *thr,
				 const struct ct_datagram *datagram,
				 enum ct_dir *dir)
{
	struct ct_conn *conn;
	struct ct_key key;

	ct_key_make(&key, &datagram->tuple, &thr->tbl->hash);
	conn = ct_buckets_find(thr->tbl, &key, dir);
	return conn && !ct_conn_expired(conn, thr->now) ? conn : NULL;
}

static void answer(struct ct_pkt *pkt, const struct ct_datagram *datagram,
		   struct ct_conn *conn, enum ct_dir dir)
{
	pkt->flags |= CT_PKT_LATER;
	pkt->l4 = datagram->l4;
	pkt->state = datagram->state;
	pkt->reason = datagram->reason;
	pkt->conn = conn;
	pkt->dir = (uint8_t)dir;
	if (!conn)
		return;
	pkt->reason = CT_R_FRAG_LATER;
	if (pkt->state == CT_NEW &&
	    (dir == CT_DIR_REPLY || (ct_conn_word(conn) & CT_S_SEEN_REPLY)))
		pkt->state = CT_ESTABLISHED;
}

/* Where its transport header would be: nowhere. */
static void measure(struct ct_pkt *pkt, const struct ct_fragment *frag)
{
	pkt->l4_off = (uint16_t)frag->hdr;
	pkt->l4_len = frag->len;
}

static void account(const struct ct_thread *thr, const struct ct_pkt *pkt)
{
	if (!pkt->conn)
		return;
	ct_spin_lock(&pkt->conn->lock);
	ct_acct_add(thr->tbl, pkt->conn, pkt);
	ct_spin_unlock(&pkt->conn->lock);
}

/* --- A fragment --------------------------------------------------------- */

enum next { GOES, WAITS, ENDS, JOINS };

/* What is to be done with a fragment whose bytes are new. */
static enum next judge(struct ct_thread *thr, const struct ct_fragment *frag,
		       struct ct_datagram *datagram, struct ct_pkt *pkt)
{
	enum ct_dir dir = CT_DIR_ORIG;
	struct ct_conn *conn = NULL;

	if (datagram->gathers)
		return JOINS;
	if (datagram->dropped)
		return ENDS;
	if (!frag->off)
		return GOES;
	if (datagram->known != CT_FRAG_TOLD)
		return WAITS;
	if (datagram->has_conn) {
		conn = find_conn(thr, datagram, &dir);
		if (!conn)
			return WAITS;
	}
	answer(pkt, datagram, conn, dir);
	return GOES;
}

static enum ct_reason reason_of(enum ct_seen_end end)
{
	static const uint8_t reasons[] = {
		[CT_SEEN_NEW] = CT_R_NONE,
		[CT_SEEN_OVERLAP] = CT_R_FRAG_OVERLAP,
		[CT_SEEN_LENGTH] = CT_R_FRAG_LENGTH,
		[CT_SEEN_FULL] = CT_R_FRAG_LIMIT,
	};

	return (enum ct_reason)reasons[end];
}

/* At the end, in order of arrival. */
static void queue(struct ct_datagram *datagram, struct ct_piece *piece)
{
	struct ct_assembly *held = &datagram->pieces;

	if (held->last)
		held->last->next = piece;
	else
		held->first = piece;
	held->last = piece;
	held->n++;
}

static struct ct_piece *unqueue(struct ct_datagram *datagram)
{
	struct ct_assembly *held = &datagram->pieces;
	struct ct_piece *piece = held->first;

	held->first = piece->next;
	if (!held->first)
		held->last = NULL;
	held->n--;
	return piece;
}

/* => It has passed, and nobody is waited for. */
static bool over(const struct ct_datagram *datagram)
{
	return datagram->seen.all && datagram->known == CT_FRAG_TOLD &&
	       !datagram->pieces.first;
}

/* => There is room for one more that waits. */
static bool may_wait(const struct ct_frag_seat *seat,
		     const struct ct_datagram *datagram)
{
	return datagram->pieces.n <
	       ct_core_param(seat->thr->tbl, CT_P_FRAG_HOLD);
}

/* What was decided happens; the piece is taken if it waits. */
static enum ct_reason act(struct ct_frag_seat *seat,
			  struct ct_datagram *datagram, struct ct_pkt *pkt,
			  const struct ct_fragment *frag,
			  struct ct_piece **piece)
{
	uint32_t cost = *piece ? (uint32_t)(*piece)->kept.size : 0;
	bool waits = *piece != NULL;
	enum ct_reason reason;

	reason = reason_of(ct_seen_add(&datagram->seen, frag->off,
				       frag->off + frag->len, frag->more));
	if (reason != CT_R_NONE) {
		if (!datagram->seen.n)
			ct_frag_drop(seat, datagram);
		return reason;
	}
	if (waits)
		queue(datagram, *piece);
	*piece = NULL;
	if (!frag->off) {
		datagram->known = CT_FRAG_PENDING;
		pkt->frag = ct_frag_name(datagram);
	}
	if (over(datagram)) {
		ct_frag_drop(seat, datagram);
		seat->frags->completed++;
	} else if (!ct_frag_charge(seat, datagram, cost) && waits) {
		return CT_R_FRAG_LIMIT;
	}
	return waits ? CT_R_FRAG_HELD : CT_R_NONE;
}

static enum ct_reason join(struct ct_frag_seat *seat,
			   struct ct_datagram *datagram,
			   struct ct_piece **piece,
			   const struct ct_fragment *frag,
			   struct ct_datagram **done)
{
	enum ct_reason reason;

	reason = ct_frag_add(seat, datagram, piece, frag);
	if (reason == CT_R_NONE)
		*done = datagram;
	return reason;
}

/* => Whether the packet has all bytes of the fragment, to be copied. */
static bool has_all(const struct ct_pkt *pkt, const struct ct_fragment *frag)
{
	return pkt->len >= frag->hdr + frag->len;
}

enum ct_reason ct_frags_pass(struct ct_thread *thr, struct ct_pkt *pkt,
			     const struct ct_fragment *frag,
			     enum ct_frag_mode mode, struct ct_datagram **done)
{
	struct ct_mem *mem = &thr->tbl->mem;
	struct ct_piece *piece = NULL;
	struct ct_frag_seat seat;
	enum ct_reason reason;

	ct_frag_sit(&seat, thr, frag, ct_policy_zone(pkt, CT_DIR_ORIG));
	for (;;) {
		struct ct_datagram *datagram = ct_frag_lock(&seat);
		enum next next;

		reason = CT_R_NO_MEMORY;
		if (!datagram)
			break;
		next = judge(thr, frag, datagram, pkt);
		if (mode == CT_FRAG_REASSEMBLE &&
		    datagram->known == CT_FRAG_UNKNOWN)
			next = JOINS;
		reason = next == ENDS ? (enum ct_reason)datagram->reason
				      : CT_R_FRAG_EARLY;
		if (!piece && (next == JOINS ||
			       (next == WAITS && may_wait(&seat, datagram)))) {
			ct_frag_unlock(&seat);
			reason = CT_R_FRAG_CUT;
			if (!has_all(pkt, frag))
				break;
			reason = CT_R_NO_MEMORY;
			piece = ct_piece_make(mem, pkt->data, frag);
			if (!piece)
				break;
			continue;
		}
		if (next == GOES && piece) {
			ct_mem_free(mem, piece, piece->kept.size);
			piece = NULL;
		}
		if (next == JOINS)
			reason = join(&seat, datagram, &piece, frag, done);
		else if (next == GOES || piece)
			reason = act(&seat, datagram, pkt, frag, &piece);
		else if (!datagram->seen.n)
			ct_frag_drop(&seat, datagram);
		ct_frag_unlock(&seat);
		break;
	}
	if (piece)
		ct_mem_free(mem, piece, piece->kept.size);
	if (reason == CT_R_NONE && !*done) {
		measure(pkt, frag);
		if (frag->off)
			account(thr, pkt);
	}
	return reason;
}

/* --- The first one ------------------------------------------------------ */

void ct_frags_tell(struct ct_thread *thr, const struct ct_pkt *pkt,
		   enum ct_verdict verdict)
{
	struct ct_frags *frags = &thr->tbl->frags;
	struct ct_frag_seat seat = { .thr = thr, .frags = frags };
	struct ct_datagram *datagram;

	ct_spin_lock(&frags->lock);
	datagram = ct_frag_named(frags, pkt->frag);
	if (datagram) {
		datagram->known = CT_FRAG_TOLD;
		datagram->state = pkt->state;
		datagram->reason = pkt->reason;
		datagram->l4 = pkt->l4;
		datagram->dropped = verdict == CT_DROP;
		datagram->has_conn = pkt->conn != NULL;
		if (pkt->conn)
			ct_conn_tuple(pkt->conn, (enum ct_dir)pkt->dir,
				      &datagram->tuple);
	}
	ct_frag_unlock(&seat);
}

/* => Somebody waited, and may go; its connection, or NULL. */
static bool may_go(const struct ct_thread *thr,
		   const struct ct_datagram *datagram, struct ct_conn **conn,
		   enum ct_dir *dir)
{
	if (!datagram || !datagram->pieces.first ||
	    datagram->known != CT_FRAG_TOLD || datagram->dropped ||
	    datagram->gathers)
		return false;
	*conn = NULL;
	if (datagram->has_conn)
		*conn = find_conn(thr, datagram, dir);
	return *conn || !datagram->has_conn;
}

static void give(struct ct_thread *thr, const struct ct_pkt *first,
		 struct ct_piece *piece, struct ct_pkt *pkt)
{
	pkt->data = ct_piece_bytes(piece);
	pkt->len = piece->hdr + piece->len;
	pkt->headroom = CT_FRAG_HEADROOM;
	pkt->user = first->user;
	pkt->mark = first->mark;
	pkt->zone = first->zone;
	pkt->policy = first->policy;
	/* As it came: the first one may have gone over to another. */
	pkt->l3 = pkt->data[0] >> 4;
	pkt->answered = 1;
	pkt->l4_off = (uint16_t)piece->hdr;
	pkt->l4_len = piece->len;
	piece->kept.next = thr->kept;
	thr->kept = &piece->kept;
	account(thr, pkt);
}

bool ct_frags_release(struct ct_thread *thr, const struct ct_pkt *first,
		      struct ct_pkt *pkt)
{
	struct ct_frags *frags = &thr->tbl->frags;
	struct ct_frag_seat seat = { .thr = thr, .frags = frags };
	struct ct_piece *piece = NULL;
	struct ct_datagram *datagram;
	enum ct_dir dir = CT_DIR_ORIG;
	struct ct_conn *conn;

	ct_spin_lock(&frags->lock);
	datagram = ct_frag_named(frags, first->frag);
	if (may_go(thr, datagram, &conn, &dir)) {
		piece = unqueue(datagram);
		memset(pkt, 0, sizeof(*pkt));
		answer(pkt, datagram, conn, dir);
		if (over(datagram)) {
			frags->completed++;
			ct_frag_drop(&seat, datagram);
		}
	}
	ct_frag_unlock(&seat);
	if (piece)
		give(thr, first, piece, pkt);
	return piece != NULL;
}
