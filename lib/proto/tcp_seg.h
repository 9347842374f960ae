/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP segment: from bytes to the numbers that the tracker works with.  Foreign
 * bytes are read here and nowhere else in the tracker.
 *
 *	 0               8              16              24             31
 *	+-------------------------------+-------------------------------+
 *	|          source port          |       destination port        |
 *	+-------------------------------+-------------------------------+
 *	|                        sequence number                        |
 *	+---------------------------------------------------------------+
 *	|                     acknowledgement number                    |
 *	+-------+-------+---------------+-------------------------------+
 *	|offset |       |CEUAPRSF       |            window             |
 *	+-------+-------+---------------+-------------------------------+
 *	|           checksum            |        urgent pointer         |
 *	+-------------------------------+-------------------------------+
 *	|  options, to 4 x offset bytes from the start                  |
 *	+---------------------------------------------------------------+
 *
 * RFC 9293, 3.1.
 */
#ifndef CT_PROTO_TCP_SEG_H
#define CT_PROTO_TCP_SEG_H

#include "proto/tcp.h"

/*
 * Read a packet's segment.
 *
 * => CT_R_NONE, or what is wrong with its header: CT_R_L4_TRUNCATED,
 *    CT_R_L4_LENGTH.
 * => The length of its data is what IP says, also if not all of it is there.
 */
enum ct_reason ct_tcp_seg_read(const struct ct_pkt *pkt,
			       struct ct_tcp_seg *seg);

/*
 * Whether its flags go together (RFC 9293, 3.1): one of SYN, FIN and RST at
 * most; an ACK with all but the first SYN and a RST; urgent data only where
 * there may be data.
 */
bool ct_tcp_flags_valid(uint8_t bits);

#endif
