/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seqadj.h - sequence numbers of a stream whose bytes a helper has replaced
 *
 * When a segment leaves with more or fewer bytes than it came with, all later
 * numbers of its sender are shifted, and the other end's acknowledgements are
 * shifted back:
 *
 *	numbers as they come	|--------|=======|-----------------
 *	offset			   base     after of the first step
 *	changed segment begins at	 pos
 *
 * The change counts for what begins behind the first byte of the changed
 * segment.  Linux remembers the last change and the offset before it; parameter
 * seqadj.steps says how many we remember, so that retransmissions from before
 * the last but one are shifted as they were at first.
 *
 * A connection's two are L, under its lock.  Numbers are in host order.
 */
#ifndef CORE_SEQADJ_H
#define CORE_SEQADJ_H

#include <conntrack/packet.h>

enum { CT_SEQADJ_STEPS = 4 };

struct ct_seqadj {
	int32_t base; /* before the first step that is remembered */
	uint32_t n;   /* steps */
	struct {
		uint32_t pos;
		int32_t after;
	} step[CT_SEQADJ_STEPS]; /* in the order of their numbers */
};

/* What a segment that begins at seq is shifted by. */
int32_t ct_seqadj_at(const struct ct_seqadj *adj, uint32_t seq);

/* What the numbers of the other end's acknowledgements are too large by. */
int32_t ct_seqadj_back(const struct ct_seqadj *adj, uint32_t ack);

/*
 * The segment that begins at seq has become longer by delta bytes.
 *
 * => A segment that had been changed before changes nothing.
 * => keep steps are remembered, at most CT_SEQADJ_STEPS.
 */
void ct_seqadj_change(struct ct_seqadj *adj, uint32_t seq, int32_t delta,
		      uint32_t keep);

/* The offsets before and behind the last step, and where it is. */
struct ct_seqadj_last {
	uint32_t pos;
	int32_t before;
	int32_t after;
};
struct ct_seqadj_last ct_seqadj_last(const struct ct_seqadj *adj);

/*
 * Shift the numbers of a segment: its own, its acknowledgement and what it
 * acknowledges selectively (RFC 2018).
 *
 * => own: of its sender; other: of the other end.
 * => False when its header is not all there, or an option is broken.
 */
bool ct_seqadj_write(struct ct_pkt *pkt, const struct ct_seqadj *own,
		     const struct ct_seqadj *other);

/* Add to 32 bits of a header, at an even place of it or not; => what the sum
 * changes by. */
uint32_t ct_seqadj_shift(uint8_t *at, uint32_t by, bool odd);

/* What the acknowledgement of a segment in this direction is too large by;
 * for the tracker, which holds the connection's lock. */
int32_t ct_seqadj_ack_shift(const struct ct_table *tbl,
			    const struct ct_conn *conn, enum ct_dir dir,
			    uint32_t ack);

#endif /* CORE_SEQADJ_H */
