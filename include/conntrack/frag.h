/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Fragments: datagrams put together and cut again, or their fragments followed
 * one by one.
 *
 * The parameter frag.mode says which.  Whatever it is, this is how a host sends
 * what ct_process(), ct_nat_apply() and ct_confirm() have accepted:
 *
 *	struct ct_pkt piece = { 0 };
 *
 *	while (ct_frag_next(thr, pkt, &piece))
 *		send(piece.data, piece.len);
 *
 * For a packet that is no fragment that is the packet itself, once.  A fragment
 * for which ct_process() returned CT_STOLEN was copied: its frame is free.
 *
 *	frag.mode    a fragment is ...          the packet that goes on is ...
 *	reassemble   CT_STOLEN, but the last    the datagram, CT_PKT_WHOLE
 *	virtual      accepted, or CT_STOLEN     the fragment: CT_PKT_FIRST
 *	             before the first one       or CT_PKT_LATER
 *	  to helpers as reassemble              as reassemble
 *	off          CT_INVALID                 the fragment
 *
 * See docs/fragments.md.
 */
#ifndef CONNTRACK_FRAG_H
#define CONNTRACK_FRAG_H

#include <conntrack/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Put fragments together before anything else is decided.
 *
 * ct_process() does that, too.  A host whose policies depend on ports calls
 * this first, since a fragment has none, and chooses the packet's policy then.
 * Only where frag.mode is reassemble; otherwise nothing is a fragment here.
 *
 * @param thr  the calling thread's handle
 * @param pkt  a packet that was not processed yet; its zone is set.  Where a
 *             datagram is complete, data, len, frame_len, headroom, tailroom,
 *             csum and flags become the datagram's, which lies in the library's
 *             memory until the thread's next poll: free the frame, or not,
 *             apart from it.
 * @context    an online thread; takes the lock of fragments
 * @return     CT_ACCEPT: go on, it is no fragment, or whole now; CT_STOLEN: it
 *             was copied and waits; CT_DROP: pkt->reason says why
 */
CT_API enum ct_verdict ct_frag_gather(struct ct_thread *thr,
				      struct ct_pkt *pkt);

/**
 * What is to be sent for an accepted packet, one after the other.
 *
 * The packet itself; or a datagram's pieces, in order, cut at the sizes in
 * which it came, IPv6 ones with a new identification; or a first fragment and
 * behind it those that came before it, translated as it was.  To be called
 * after ct_confirm(): until then nobody knows the connection that the latter
 * belong to.
 *
 * @param thr    the calling thread's handle
 * @param pkt    a packet that ct_confirm() accepted
 * @param piece  zeroed by the caller before the first call, and then left as it
 *               is; filled in.  Its bytes are the packet's, or lie in the
 *               library's memory until the thread's next poll.
 * @context      an online thread, the one that processed the packet, before its
 *               next poll; may take the lock of fragments and, for accounting,
 *               that of the connection
 * @return       true: send the piece; false: that was all
 */
CT_API bool ct_frag_next(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_pkt *piece);

/**
 * The first fragment of a datagram that never became complete.
 *
 * Its sender may be told: ct_frag_time_exceeded().  What is asked for is
 * remembered where the parameter frag.time_exceeded says so, 64 at most.
 *
 * @param thr    the calling thread's handle
 * @param first  set to the fragment, whose bytes live until the next poll
 * @context      an online thread; takes the lock of fragments
 * @return       false when there is none
 */
CT_API bool ct_frag_expired(struct ct_thread *thr, struct ct_pkt *first);

/** Room that ct_frag_time_exceeded() needs, at most. */
#define CT_FRAG_ERROR_MAX 1280

/**
 * Write the ICMP error "fragment reassembly time exceeded" (RFC 792, RFC 4443
 * 3.3) about a first fragment.
 *
 * @param first  from ct_frag_expired()
 * @param from   the address of the host that sends it
 * @param buf    where to
 * @param len    its size
 * @context      any thread
 * @return       bytes written, the IP header included; 0 for what no error is
 *               sent about (RFC 1122 3.2.2, RFC 4443 2.4); CT_E_NOSPC
 */
CT_API int ct_frag_time_exceeded(const struct ct_pkt *first,
				 const union ct_addr *from, uint8_t *buf,
				 size_t len);

/** Fragments in numbers.  Drops are counted by reason: ct_stats(). */
struct ct_frag_stats {
	size_t size;        /**< sizeof(struct ct_frag_stats) */
	uint64_t datagrams; /**< that wait to be complete */
	uint64_t bytes;     /**< of memory for them */
	uint64_t max_bytes; /**< the most that it ever was, of one family */
	uint64_t completed; /**< datagrams of which nothing was missing */
	uint64_t timed_out; /**< datagrams given up after their time */
	uint64_t evicted;   /**< datagrams given up to make room */
};

/**
 * Fragments in numbers.
 *
 * @param tbl    the table
 * @param stats  where to; stats->size is set by the caller
 * @context      any thread; takes the lock of fragments
 * @return       0 or CT_E_VERSION
 */
CT_API int ct_frag_stats(struct ct_table *tbl, struct ct_frag_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_FRAG_H */
