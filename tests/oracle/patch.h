/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The golden's `patch`: fit a packet to what an earlier one looked like when
 * it left.
 */
#ifndef ORACLE_PATCH_H
#define ORACLE_PATCH_H

#include "packet.h"

/*
 * Apply one patch: "reply_to" sends the packet to the source of left,
 * "answer_to" sends it from left's destination, too, and "quotes" makes it, an
 * ICMP error, quote left and go to its source.
 */
void patch_apply(struct bytes *packet, const char *how,
		 const struct bytes *left);

/*
 * Give a TCP segment whose source port the golden has masked, for looking like
 * one that NAT chose, that of an earlier segment of its connection.
 *
 * => False when that is not what this packet needs, or not such a segment.
 */
bool patch_port(struct bytes *packet, const struct bytes *earlier);

#endif /* ORACLE_PATCH_H */
