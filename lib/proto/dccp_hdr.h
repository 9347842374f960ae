/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A DCCP header: foreign bytes to fields.
 *
 *	+-------------------------------+-------------------------------+
 *	|          source port          |       destination port        |
 *	+---------------+-------+-------+-------------------------------+
 *	|  data offset  | CCVal | CsCov |           checksum            |
 *	+-----+-------+-+-------+-------+-------------------------------+
 *	| res | type  |X|  X: reserved, then 48 bits; else 24 bits      |
 *	+-----+-------+-+  of sequence number                           |
 *	|                                                               |
 *	+---------------------------------------------------------------+
 *	| all but Request, Data and Listen: X: 16 bits reserved, then   |
 *	| 48 of acknowledgement number; else 8, then 24                 |
 *	+---------------------------------------------------------------+
 *	| Request, Response, Listen: service code; Reset: code, data    |
 *	+---------------------------------------------------------------+
 */
#ifndef CT_PROTO_DCCP_HDR_H
#define CT_PROTO_DCCP_HDR_H

#include "proto/dccp.h"

/* A packet, read once. */
struct ct_dccp_pkt {
	uint64_t seq;
	uint64_t ack;
	uint32_t cover; /* bytes that the checksum covers */
	uint8_t type;   /* enum ct_dccp_type */
	bool has_ack;
	bool brief; /* of both numbers only 24 bits are there */
};
CT_STATIC_ASSERT(sizeof(struct ct_dccp_pkt) <=
			 sizeof(((struct ct_pkt *)0)->scratch),
		 "it waits in the packet");

/* => CT_R_NONE, or why it is INVALID. */
enum ct_reason ct_dccp_read(const struct ct_pkt *pkt,
			    struct ct_dccp_pkt *found);

#endif
