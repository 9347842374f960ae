/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment.h - a packet's TCP segment, changed where it lies
 */
#ifndef CORE_SEGMENT_H
#define CORE_SEGMENT_H

#include "wire/build.h"

#include <conntrack/packet.h>

/*
 * Make it another segment of the same ends, without data: numbers, flags,
 * window and options are those of seg.
 *
 * => pkt is parsed; its lengths, and those of IPv4 or IPv6, follow.
 * => False when there is no room behind it; nothing has changed then.
 */
bool ct_segment_remake(const struct ct_table *tbl, struct ct_pkt *pkt,
		       const struct ct_segment *seg);

/* What two ends understand differently. */
struct ct_retouch {
	uint32_t tsval;     /* is added */
	uint32_t tsecr;     /* is added, where a segment acknowledges */
	bool stamps;        /* there may be any */
	uint8_t from_scale; /* the sender shifts its windows by so much */
	uint8_t to_scale;   /* and the receiver takes them to be shifted by */
};

/*
 * Translate a segment's window and time stamps.
 *
 * => False when its header is not all there.
 */
bool ct_segment_retouch(struct ct_pkt *pkt, const struct ct_retouch *how);

#endif /* CORE_SEGMENT_H */
