/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet on its way through the host of the sequence fuzzer; see world.h.
 *
 *	which packet  next one of the corpus, another one, or the input's bytes
 *	mutations     where, what; any number
 *	how	      hook, checksum, zone, policy, length on the wire
 *	aim           to a pool's address, perhaps
 *	nat	      mappings, translated there and back, or nothing
 *	fate	      confirm, abandon, or leave it on its way, held or not
 */
#include "corpus.h"
#include "world.h"

#include <conntrack/frag.h>
#include <stdlib.h>
#include <string.h>

/* --- The host's part ---------------------------------------------------- */

void flight_end(struct world *w, struct flight *flight)
{
	ct_conn_put(w->tbl, flight->owned);
	free(flight->pkt.data);
	free(flight->before);
	memset(flight, 0, sizeof(*flight));
}

/* => A helper may have altered it. */
static bool was_helped(const struct world *w, const struct flight *flight)
{
	const struct ct_conn *conn = flight->pkt.conn;

	return flight->pkt.reason == CT_R_HELPER_REFUSED ||
	       flight->pkt.reason == CT_R_HELPER_SHIFT ||
	       flight->pkt.reason == CT_R_CLASH ||
	       (conn && ct_conn_helper(w->tbl, conn));
}

static void expect_untouched(const struct flight *flight)
{
	if (memcmp(flight->pkt.data, flight->before, flight->pkt.len) != 0)
		fuzz_wrong("tracking altered a packet");
}

void expect_answer(const struct ct_pkt *pkt, enum ct_verdict verdict)
{
	const struct ct_reason_text *why = ct_reason_text(pkt->reason);
	bool tracked = pkt->state == CT_NEW || pkt->state == CT_ESTABLISHED ||
		       pkt->state == CT_RELATED;

	if (verdict != CT_ACCEPT && verdict != CT_DROP && verdict != CT_STOLEN)
		fuzz_wrong("a verdict that is none");
	if (pkt->state >= CT_STATE_MAX || pkt->dir >= CT_DIR_MAX)
		fuzz_wrong("a state or direction that is none");
	if (tracked != (pkt->conn != NULL))
		fuzz_wrong("state and connection do not agree");
	if (verdict == CT_DROP && why->class_ != CT_RC_D)
		fuzz_wrong("dropped without a reason");
	if ((verdict == CT_STOLEN) != (why->class_ == CT_RC_S))
		fuzz_wrong("stolen without a reason, or not stolen with one");
	if (verdict == CT_ACCEPT && pkt->state == CT_INVALID &&
	    why->class_ != CT_RC_I)
		fuzz_wrong("invalid without a reason");
	if (pkt->reason == CT_R_NONE)
		fuzz_wrong("no reason at all");
	if (tracked && pkt->l4_off > pkt->len)
		fuzz_wrong("tracked with its L4 header outside");
}

/* => The network layer that a packet has behind all translation. */
static uint8_t leaves_as(const struct ct_pkt *pkt)
{
	struct ct_tuple t = { .l3 = pkt->l3 };

	if (pkt->conn)
		ct_conn_tuple(pkt->conn,
			      pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY
						      : CT_DIR_ORIG,
			      &t);
	return t.l3;
}

/*
 * All that leaves for a packet: its bytes are there.  What waited for a first
 * fragment is translated, even where the host has forgotten to have that done
 * with the first one.
 */
static void send(struct ct_thread *thr, struct ct_pkt *pkt)
{
	uint8_t translated = leaves_as(pkt);
	struct ct_pkt piece = { 0 };

	while (ct_frag_next(thr, pkt, &piece)) {
		free(fuzz_copy(piece.data, piece.len));
		if (piece.l3 != pkt->l3 && piece.l3 != translated)
			fuzz_wrong("a piece of another network layer");
	}
}

/* A datagram that was put together is copied, as the others are: what it is
 * cut into is then looked for behind exactly these bytes. */
static void adopt(struct flight *flight, uint8_t *frame)
{
	struct ct_pkt *pkt = &flight->pkt;

	if (pkt->data == frame)
		return;
	if (!(pkt->flags & CT_PKT_WHOLE))
		fuzz_wrong("a packet moved");
	pkt->data = fuzz_copy(pkt->data, pkt->len);
	pkt->headroom = 0;
	pkt->tailroom = 0;
	free(frame);
	free(flight->before);
	flight->before = fuzz_copy(pkt->data, pkt->len);
}

void flight_confirm(struct world *w, struct flight *flight, unsigned handle)
{
	struct ct_thread *thr = world_handle(w, handle);
	enum ct_verdict verdict;

	if (!thr)
		return;
	verdict = ct_confirm(thr, &flight->pkt);
	if (verdict == CT_DROP && flight->pkt.conn)
		fuzz_wrong("dropped, yet it has a connection");
	if (verdict == CT_ACCEPT && flight->pkt.conn &&
	    !(ct_conn_status(flight->pkt.conn) & CT_S_CONFIRMED))
		fuzz_wrong("confirmed, yet not known");
	if (flight->pkt.conn)
		read_conn(w, thr, flight->pkt.conn);
	if (!was_helped(w, flight))
		expect_untouched(flight);
	if (verdict == CT_ACCEPT)
		send(thr, &flight->pkt);
	flight_end(w, flight);
}

void flight_abandon(struct world *w, struct flight *flight, unsigned handle)
{
	struct ct_thread *thr = world_handle(w, handle);

	if (!thr)
		return;
	ct_abandon(thr, &flight->pkt);
	flight_end(w, flight);
}

/* --- The input's part --------------------------------------------------- */

static void take(struct world *w, struct fuzz_in *in, struct ct_pkt *pkt)
{
	uint8_t which = fuzz_u8(in);
	const struct corpus_packet *packet;

	if (which % 16 == 15) {
		size_t len = fuzz_u8(in);

		if (len > in->left)
			len = in->left;
		pkt->data = fuzz_roomy(in->at, len, ROOM);
		pkt->tailroom = ROOM;
		pkt->len = (uint32_t)len;
		in->at += len;
		in->left -= len;
		pkt->l3 = which & 16 ? CT_L3_IPV6 : CT_L3_IPV4;
		return;
	}
	if (which % 16 == 14)
		w->next = fuzz_u16(in);
	packet = corpus_at(w->next++);
	pkt->data = fuzz_roomy(packet->bytes, packet->len, ROOM);
	pkt->tailroom = ROOM;
	pkt->len = packet->len;
	pkt->l3 = packet->bytes[0] >> 4;
}

static void mutate(struct fuzz_in *in, struct ct_pkt *pkt)
{
	uint8_t n = fuzz_u8(in);

	/* Most packets stay whole, else no connection gets anywhere. */
	for (n = n < 192 ? 0 : n % 4 + 1; n && pkt->len; n--) {
		uint16_t at = fuzz_u16(in);
		uint8_t value = fuzz_u8(in);

		if (at & 0x8000)
			pkt->len -= (uint32_t)(at & 0xff) % pkt->len;
		else if (at & 0x4000)
			pkt->data[at % pkt->len] ^= value;
		else
			pkt->data[at % pkt->len] = value;
	}
}

static void dress(const struct world *w, struct fuzz_in *in, struct ct_pkt *pkt)
{
	uint8_t how = fuzz_u8(in);
	uint8_t more = fuzz_u8(in);

	pkt->csum = how % 4;
	if (how & 4)
		pkt->policy = w->policies[how >> 3 & 3];
	if (how & 32)
		pkt->zone = 1;
	if (how & 64)
		pkt->frame_len = pkt->len + more;
	if (how & 128 && more % 8 == 0)
		pkt->flags = CT_PKT_UNTRACKED;
	if (how & 128 && more % 8 == 1)
		pkt->l3 = more;
}

void flight_choose(struct world *w, struct fuzz_in *in, struct ct_pkt *pkt)
{
	take(w, in, pkt);
	mutate(in, pkt);
	dress(w, in, pkt);
}

static enum ct_hook hook_of(uint8_t how)
{
	return how & 15 ? how & 16 ? CT_HOOK_OUTPUT : CT_HOOK_PREROUTING
			: (enum ct_hook)(how >> 4) % CT_HOOK_MAX;
}

static void decide(struct world *w, struct flight *flight, uint8_t fate)
{
	struct ct_conn *conn = flight->pkt.conn;

	switch (fate % 8) {
	default:
		flight_confirm(w, flight, flight->handle);
		break;
	case 5:
		flight_abandon(w, flight, flight->handle);
		break;
	case 6: /* until the next poll of the handle, or longer */
		flight->owned = conn ? ct_conn_get(conn) : NULL;
		break;
	case 7: /* until the next poll of the handle */
		break;
	}
}

static struct flight *free_flight(struct world *w)
{
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (!w->flights[i].pkt.data)
			return &w->flights[i];
	flight_confirm(w, &w->flights[0], w->flights[0].handle);
	return w->flights[0].pkt.data ? NULL : &w->flights[0];
}

void world_packet(struct world *w, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);
	unsigned handle = how >> 7;
	struct ct_thread *thr = world_handle(w, handle);
	struct flight *flight = thr ? free_flight(w) : NULL;
	enum ct_verdict verdict;
	enum ct_hook hook = hook_of(how);
	uint8_t *frame;

	if (!flight)
		return;
	flight->handle = handle;
	flight_choose(w, in, &flight->pkt);
	if ((how & 32) && (how & 15))
		flight_aim(w, in, &flight->pkt);
	flight->before = fuzz_copy(flight->pkt.data, flight->pkt.len);
	frame = flight->pkt.data;
	verdict = ct_process(thr, &flight->pkt, hook);
	adopt(flight, frame);
	expect_answer(&flight->pkt, verdict);
	expect_untouched(flight);
	if (verdict == CT_ACCEPT && (how & 64))
		flight_nat(w, thr, in, flight);
	decide(w, flight, fuzz_u8(in));
}
