/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verification tags (RFC 9260 8.5): whose packet is it?
 */
#ifndef CT_PROTO_SCTP_TAG_H
#define CT_PROTO_SCTP_TAG_H

#include "proto/sctp_chunk.h"

/* A chunk on its way through the tracker. */
struct ct_sctp_step {
	struct ct_sctp *sctp;
	const struct ct_sctp_pkt *pkt;
	const struct ct_sctp_chunk *chunk;
	enum ct_dir dir;
	bool strange; /* a chunk before it had a strange tag */
};

enum ct_sctp_tag {
	CT_SCTP_TAG_RIGHT,
	CT_SCTP_TAG_STRANGE, /* a HEARTBEAT that may be let pass */
	CT_SCTP_TAG_WRONG
};

/*
 * Whether the packet's tag is the peer's, as far as the packet is one where
 * nothing else may be.
 *
 * => False: INVALID, whatever its chunks say.
 */
bool ct_sctp_tag_fits(const struct ct_sctp *sctp, const struct ct_sctp_pkt *pkt,
		      enum ct_dir dir);

/*
 * Whether the packet's tag is right for a chunk.
 *
 * => A HEARTBEAT and its answer may change what is known.
 */
enum ct_sctp_tag ct_sctp_tag_judge(const struct ct_sctp_step *step);

/*
 * Keep the tag that an INIT or INIT ACK says.
 *
 * => False when an INIT ACK answers no INIT that we know; nothing has changed.
 */
bool ct_sctp_tag_learn(const struct ct_sctp_step *step);

/* The first packet of a connection: keep what a chunk says of tags. */
void ct_sctp_tag_open(const struct ct_sctp_step *step);

#endif
