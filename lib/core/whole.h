/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * whole.h - a datagram that was put together, and how it was cut
 *
 * It lies in memory of its own until its thread polls, and leaves in pieces of
 * the sizes in which it came.  Cut is what the packet is by then, translated or
 * otherwise changed; where its length is no longer what it was, the largest
 * fragment that came is the largest that leaves.
 *
 *	| headroom | header | payload ... | tailroom | sizes of the pieces |
 */
#ifndef CORE_WHOLE_H
#define CORE_WHOLE_H

#include "core/frag.h"

enum { CT_FRAG_TAILROOM = 256 };

struct ct_whole {
	struct ct_kept kept;
	uint32_t n;       /* pieces that it came in */
	uint32_t max;     /* bytes of the largest of these packets */
	uint32_t payload; /* bytes of all payloads */
	uint32_t id;      /* of the datagram */
	uint32_t room_len;
	uint8_t l3; /* as it came */
	bool df;
	bool reserved[2];

	/* Of the pieces that leave. */
	uint32_t n_cut; /* that were given out */
	uint32_t off;   /* of the next one's payload */
	uint32_t new_id;
	uint32_t reserved2;
	uint8_t *area; /* theirs; NULL: not begun */
	uint32_t area_used;
	uint32_t area_len;
	uint8_t room[];
};

/*
 * Put a complete datagram together, into a packet.
 *
 * => CT_R_NONE, or why it must be dropped: FRAG_TOO_LARGE, FRAG_ECN, NO_MEMORY.
 * => The datagram is still the caller's.
 */
enum ct_reason ct_whole_make(struct ct_thread *thr, struct ct_pkt *pkt,
			     const struct ct_datagram *datagram);

/*
 * Cut the next piece off; to is where its answer is copied to already.
 *
 * => False at the end, or when there is no memory: pkt->reason then says so.
 * => Its bytes live until the thread's next poll.
 */
bool ct_whole_cut(struct ct_thread *thr, struct ct_pkt *pkt,
		  struct ct_whole *whole, struct ct_pkt *to);

#endif /* CORE_WHOLE_H */
