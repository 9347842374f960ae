/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunks of an SCTP packet: foreign bytes to fields.
 *
 *	 0                   1                   2                   3
 *	+---------------+---------------+-------------------------------+
 *	|     type      |     flags     |   length, padding left out    |
 *	+---------------+---------------+-------------------------------+
 *	|  INIT, INIT ACK: initiate tag, and twelve bytes more          |
 *	+---------------------------------------------------------------+
 */
#ifndef CT_PROTO_SCTP_CHUNK_H
#define CT_PROTO_SCTP_CHUNK_H

#include "proto/sctp.h"

/* One chunk. */
struct ct_sctp_chunk {
	uint32_t tag;   /* of an INIT or INIT ACK: the sender's */
	uint8_t event;  /* enum ct_sctp_event */
	bool reflected; /* of an ABORT or SHUTDOWN COMPLETE, the T bit: the
			   packet carries its sender's own tag */
};

/* What check() found; it waits in the packet. */
struct ct_sctp_pkt {
	uint32_t tag;    /* the common header's, in host order */
	uint32_t events; /* set of enum ct_sctp_event */
};
CT_STATIC_ASSERT(sizeof(struct ct_sctp_pkt) <=
			 sizeof(((struct ct_pkt *)0)->scratch),
		 "it waits in the packet");

/*
 * Read a packet's header, and look through its chunks.
 *
 * => CT_R_NONE, or why it is INVALID: cut short, no chunk, a length of zero,
 *    an INIT that is cut, or a bundle that cannot be (RFC 9260 6.10).
 */
enum ct_reason ct_sctp_read(const struct ct_pkt *pkt,
			    struct ct_sctp_pkt *found);

/* A cursor at the first chunk. */
struct ct_cursor ct_sctp_chunks(const struct ct_pkt *pkt);

/*
 * The next chunk, of a packet that ct_sctp_read() has found good.
 *
 * => False when there is none.
 */
bool ct_sctp_next(struct ct_cursor *cur, struct ct_sctp_chunk *chunk);

/* A set of one. */
static inline uint32_t ct_sctp_bit(enum ct_sctp_event event)
{
	return UINT32_C(1) << event;
}

#endif
