/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict.h - what nearly every packet is
 *
 * Most packets are the next of a connection that both ends use: an IPv4 or
 * IPv6 header without anything unusual, and either a TCP segment with data or
 * an acknowledgement, which fits into the window of an established connection,
 * or a datagram of an answered UDP flow.  Jacobson's header prediction (1990)
 * for a tracker in the middle: a few comparisons tell whether it is one of
 * those; then little is left to do.
 *
 * A prediction takes a packet wholly, and does what ct_way_begin() and
 * ct_way_go() would have done, or it changes nothing and they do it, with the
 * key that is made already.  Nothing else depends on it: tables whose IPv4, IPv6, TCP or UDP is a
 * stranger's do without, and so do packets with a policy or a trace.
 *
 * Inline, in the loops of burst.c and in ct_process().
 */
#ifndef PREDICT_H
#define PREDICT_H

#include "process.h"

#include "core/stamps.h"
#include "core/tags.h"
#include "proto/tcp_predict.h"
#include "proto/udp.h"
#include "wire/hdr.h"

#include <string.h>

/* Trackers that are our own. */
enum { CT_OUR_IPV4 = 1, CT_OUR_IPV6 = 2, CT_OUR_TCP = 4, CT_OUR_UDP = 8 };

/* Find them; by the seal. */
void ct_predict_seal(struct ct_table *tbl);

/* What is the same for many packets in a row. */
struct ct_outlook {
	unsigned ours; /* whose packets may be predicted: a set */
	uint32_t now;
	bool keeps; /* something of each packet: counts, time stamps */
	struct ct_tcp_limits tcp;
	struct ct_bucket_view buckets;
};

static inline void ct_outlook(const struct ct_thread *thr, enum ct_hook hook,
			      struct ct_outlook *out)
{
	const struct ct_table *tbl = thr->tbl;

	out->ours = tbl->registry.ours;
	if (ct_unlikely(thr->trace ||
			(hook != CT_HOOK_PREROUTING && hook != CT_HOOK_OUTPUT)))
		out->ours = 0;
	if (ct_unlikely(ct_tcp_impatient(tbl)))
		out->ours &= ~(unsigned)CT_OUR_TCP;
	out->now = thr->now;
	out->keeps = tbl->extend.acct != CT_EXT_NONE ||
		     tbl->extend.stamps != CT_EXT_NONE;
	out->tcp = ct_tcp_limits(tbl);
	out->buckets = ct_bucket_view(&tbl->buckets);
}

/* --- Bytes -------------------------------------------------------------- */

/* => Bytes of the whole packet, of which pkt->len are there. */
static inline uint32_t ct_plain_len(const struct ct_pkt *pkt)
{
	return pkt->frame_len > pkt->len ? pkt->frame_len : pkt->len;
}

/* What stands behind a plain network header. */
struct ct_plain {
	const uint8_t *bytes;
	uint32_t len;  /* by the network header */
	uint32_t have; /* at most len */
	uint8_t l4;
};

static ct_always_inline bool ct_plain_found(struct ct_pkt *pkt, uint32_t off,
					    uint32_t len, uint8_t l4,
					    struct ct_plain *plain)
{
	const uint32_t have = pkt->len - off;

	plain->bytes = pkt->data + off;
	plain->len = len;
	plain->have = have < len ? have : len;
	plain->l4 = l4;
	pkt->l4 = l4;
	pkt->l4_off = (uint16_t)off;
	pkt->l4_len = len;
	return true;
}

/* A header without options, not a fragment, and not longer than the packet. */
static ct_always_inline bool ct_plain_ipv4(struct ct_pkt *pkt,
					   struct ct_narrow *key,
					   struct ct_plain *plain)
{
	const uint8_t *ip = pkt->data;
	uint32_t total;
	uint8_t l4;

	if (ct_unlikely(pkt->len < CT_IPV4_HDR_LEN + CT_UDP_HDR_LEN))
		return false;
	total = ct_load_u16(ip + CT_IPV4_TOTAL_OFF);
	if (ct_unlikely(ip[0] != CT_IPV4_FIRST || total > ct_plain_len(pkt) ||
			total < CT_IPV4_HDR_LEN + CT_UDP_HDR_LEN ||
			(ct_load_u16(ip + CT_IPV4_FRAG_OFF) &
			 (CT_IPV4_MORE | CT_IPV4_OFFSET))))
		return false;
	l4 = ip[CT_IPV4_PROTOCOL_OFF];
	ct_narrow_make(key, ip + CT_IPV4_SRC_OFF, ip + CT_IPV4_HDR_LEN,
		       ct_narrow_tail(CT_L3_IPV4, l4, pkt->zone));
	return ct_plain_found(pkt, CT_IPV4_HDR_LEN, total - CT_IPV4_HDR_LEN, l4,
			      plain);
}

/* A header right before that of the transport. */
static inline bool ct_plain_ipv6(struct ct_pkt *pkt, struct ct_tuple *key,
				 struct ct_plain *plain)
{
	const uint8_t *ip = pkt->data;
	uint32_t len;

	if (ct_unlikely(pkt->len < CT_IPV6_HDR_LEN + CT_UDP_HDR_LEN))
		return false;
	len = ct_load_u16(ip + CT_IPV6_LEN_OFF);
	if (ct_unlikely(ip[0] >> 4 != 6 || len < CT_UDP_HDR_LEN ||
			len > ct_plain_len(pkt) - CT_IPV6_HDR_LEN))
		return false;
	memcpy(&key->src, ip + CT_IPV6_SRC_OFF, sizeof(key->src));
	memcpy(&key->dst, ip + CT_IPV6_DST_OFF, sizeof(key->dst));
	memcpy(&key->src_id, ip + CT_IPV6_HDR_LEN, sizeof(key->src_id));
	memcpy(&key->dst_id, ip + CT_IPV6_HDR_LEN + 2, sizeof(key->dst_id));
	key->l3 = CT_L3_IPV6;
	key->l4 = ip[CT_IPV6_NEXT_OFF];
	key->zone = pkt->zone;
	return ct_plain_found(pkt, CT_IPV6_HDR_LEN, len, key->l4, plain);
}

/* => A length that can be. */
static inline bool ct_plain_udp(const struct ct_plain *plain)
{
	uint32_t len = ct_load_u16(plain->bytes + CT_UDP_LEN_OFF);

	return len >= CT_UDP_HDR_LEN && len <= plain->len;
}

/* => Its sum is right, or left out (RFC 768). */
static inline bool ct_plain_sum(const struct ct_thread *thr,
				const struct ct_pkt *pkt)
{
	return (pkt->l4 == CT_IPPROTO_UDP &&
		!ct_load_u16(pkt->data + pkt->l4_off + CT_UDP_SUM_OFF)) ||
	       ct_csum_good(thr, pkt, pkt->l4_len);
}

/* => Its ports are where ours has them. */
static ct_always_inline bool ct_predict_l4(uint8_t l4, unsigned ours)
{
	return (ct_likely(l4 == CT_IPPROTO_TCP) && (ours & CT_OUR_TCP)) ||
	       (l4 == CT_IPPROTO_UDP && (ours & CT_OUR_UDP));
}

/*
 * Make the key of a packet whose headers have nothing unusual up to the ports.
 *
 * => False when it is not such a one.
 * => True: where its L4 header is stands in the packet.
 */
static ct_always_inline bool ct_predict_key(const struct ct_thread *thr,
					    struct ct_pkt *pkt, unsigned ours,
					    struct ct_key *key,
					    struct ct_plain *plain)
{
	const struct ct_hash_key *secret = &thr->tbl->hash;

	if (ct_unlikely(pkt->answered || pkt->flags || pkt->policy))
		return false;
	if (ct_likely(pkt->l3 == CT_L3_IPV4)) {
		if (!(ours & CT_OUR_IPV4) ||
		    !ct_plain_ipv4(pkt, &key->narrow, plain) ||
		    !ct_predict_l4(plain->l4, ours))
			return false;
		key->wide = false;
		key->hash = ct_hash_narrow(secret, &key->narrow);
	} else {
		if (pkt->l3 != CT_L3_IPV6 || !(ours & CT_OUR_IPV6) ||
		    !ct_plain_ipv6(pkt, &key->tuple, plain) ||
		    !ct_predict_l4(plain->l4, ours))
			return false;
		key->wide = true;
		key->hash = ct_hash_wide(secret, &key->tuple);
	}
	key->dirs = CT_KEY_BOTH;
	return true;
}

/* => It is a segment or a datagram like most; bytes only. */
static ct_always_inline bool ct_predict_looks(const struct ct_plain *plain)
{
	if (ct_likely(plain->l4 == CT_IPPROTO_TCP))
		return ct_tcp_seg_plain(plain->bytes, plain->have);
	return ct_plain_udp(plain);
}

/*
 * The first part of a packet's way, which needs nothing but the packet: as
 * ct_way_begin(), and as little as will do.
 */
static ct_always_inline void ct_predict_begin(struct ct_thread *thr,
					      struct ct_pkt *pkt,
					      enum ct_hook hook,
					      const struct ct_outlook *out,
					      struct ct_way *way)
{
	struct ct_plain plain;

	way->plain = ct_predict_key(thr, pkt, out->ours, &way->key, &plain);
	if (ct_unlikely(!way->plain))
		ct_way_begin(thr, pkt, hook, way);
	else if (ct_likely(ct_predict_looks(&plain)))
		way->next = CT_WAY_PREDICT;
	else
		ct_way_resume(thr, pkt, way);
}

/* => The connection, whose status is word, can be what was predicted. */
static ct_always_inline bool ct_predict_fits(const struct ct_conn *conn,
					     uint32_t word, enum ct_dir dir,
					     const struct ct_key *key)
{
	const uint32_t want = CT_S_CONFIRMED | CT_S_SEEN_REPLY;
	const uint32_t look = want | CT_S_DYING | CT_S_WIDE | CT_S_SEQ_ADJUST;

	if (ct_likely(!key->wide && (word & look) == want))
		return memcmp(&conn->narrow[dir], &key->narrow,
			      sizeof(key->narrow)) == 0;
	/* Wide, or narrow in one direction only: NAT64. */
	return (word & look & ~CT_S_WIDE) == want &&
	       ct_conn_fits(conn, word, dir, key);
}

/* What the trackers say; => false when there is more to it. */
static ct_always_inline bool ct_predict_track(
	const struct ct_thread *thr, const struct ct_outlook *out,
	struct ct_conn *conn, uint32_t word, const struct ct_pkt *pkt,
	enum ct_dir dir, uint32_t *seconds)
{
	if (ct_likely(pkt->l4 == CT_IPPROTO_TCP))
		return (word & CT_S_ASSURED) &&
		       ct_tcp_predict(thr, &out->tcp, conn, pkt, dir, seconds);
	return ct_udp_predict(thr, conn, word, seconds);
}

/*
 * Whether the connection of the way's hint agrees.
 *
 * => True: the packet is answered, with CT_ACCEPT, but not counted; status is
 *    the connection's.
 * => It is locked before it is looked at: what a bucket refers to has been
 *    known to everybody, so that its memory is a connection's until the next
 *    poll.
 */
static ct_always_inline bool ct_predict_go(struct ct_thread *thr,
					   struct ct_pkt *pkt,
					   const struct ct_outlook *out,
					   const struct ct_way *way,
					   uint32_t *status)
{
	const enum ct_dir dir = way->hint.dir;
	struct ct_conn *conn = way->hint.conn;
	uint32_t word, left, seconds;

	if (ct_unlikely(!conn))
		return false;
	/* A sum takes long: for a connection that is the right one only. */
	if (ct_unlikely(pkt->csum != CT_CSUM_VERIFIED) &&
	    !(ct_hint_right(&way->hint, &way->key) && ct_plain_sum(thr, pkt)))
		return false;
	ct_spin_lock(&conn->lock);
	left = atomic_load_explicit(&conn->timeout, memory_order_relaxed) -
	       out->now;
	word = ct_conn_word(conn);
	if (ct_unlikely(!ct_predict_fits(conn, word, dir, &way->key) ||
			(int32_t)left <= 0 ||
			!ct_predict_track(thr, out, conn, word, pkt, dir,
					  &seconds))) {
		ct_spin_unlock(&conn->lock);
		return false;
	}
	ct_refresh_from(thr, conn, seconds, left);
	pkt->dir = (uint8_t)dir;
	if (ct_unlikely(out->keeps)) {
		ct_acct_add(thr->tbl, conn, pkt);
		ct_stamps_note(thr->tbl, conn, pkt);
	}
	ct_spin_unlock(&conn->lock);
	pkt->conn = conn;
	pkt->state = CT_ESTABLISHED;
	pkt->reason = CT_R_TRACKED;
	pkt->answered = 1;
	*status = word;
	return true;
}

#endif /* PREDICT_H */
