/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP (RFC 792) as a transport tracker, and what ICMPv6 shares with it.
 *
 * A message is one of three things:
 *
 *	query or answer   a connection of its own, keyed by id, type and code
 *	error             belongs to the connection of the packet it quotes
 *	the rest          has no connection
 */
#ifndef CT_PROTO_ICMP_H
#define CT_PROTO_ICMP_H

#include <conntrack/plugin.h>

/* A query's type and its answer's. */
struct ct_icmp_pair {
	uint8_t query;
	uint8_t answer;
};

/* The pairs that a protocol has. */
struct ct_icmp_pairs {
	const struct ct_icmp_pair *list;
	size_t n;
};

/* The type in a tuple. */
uint8_t ct_icmp_type(const struct ct_tuple *t);

/* Id, type and code; all eight bytes of the header must be there.  As in
 * ct_l4_ops. */
bool ct_icmp_tuple(struct ct_pkt *pkt, struct ct_tuple *t);

/* The answer to a query, or the query that an answer is to; false for any
 * other type. */
bool ct_icmp_invert(const struct ct_icmp_pairs *pairs, const struct ct_tuple *t,
		    struct ct_tuple *inverse);

/* A query may open a connection; an answer that nobody asked for may not. */
enum ct_track ct_icmp_open(const struct ct_icmp_pairs *pairs,
			   const struct ct_conn *conn, struct ct_pkt *pkt);

/* Where an error quotes a packet of a network layer. */
void ct_icmp_quote(const struct ct_pkt *pkt, uint8_t l3,
		   struct ct_quote *where);

/* Whether it is a query or an answer. */
bool ct_icmp_paired(const struct ct_icmp_pairs *pairs, uint8_t type);

/* The id of a query or an answer, and any message's checksum.  As in
 * ct_l4_ops. */
bool ct_icmp_rewrite(const struct ct_icmp_pairs *pairs, struct ct_pkt *pkt,
		     const struct ct_rewrite *how);

extern const struct ct_l4_ops ct_icmp_ops;

#endif
