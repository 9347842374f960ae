/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk through one frame, shared by link.c and link_ppp.c.
 *
 * A decoder moves the cursor behind its own header and answers what follows,
 * mostly by handing the walk to the next one.  A cursor that failed makes
 * every answer LINK_BROKEN in the end, so that decoders need not ask.
 */
#ifndef REPLAY_LINK_WALK_H
#define REPLAY_LINK_WALK_H

#include "link.h"

#include <conntrack/cursor.h>

/* Where the walk is. */
struct walk {
	struct ct_cursor cur;
	size_t cut; /* bytes on the wire that were not recorded */
	uint8_t l3; /* CT_L3_*, once it is known */
};

/* Note the network layer at the cursor. */
static inline enum link_answer link_found(struct walk *w, uint8_t l3)
{
	w->l3 = l3;
	return LINK_IP;
}

/* What an ethertype promises, behind any number of VLAN tags. */
enum link_answer link_ethertype(struct walk *w, uint16_t type);

/* RFC 3032: labels up to the one with the bottom bit; then it is a guess. */
enum link_answer link_mpls(struct walk *w);

/* RFC 1662: PPP, with address and control or without. */
enum link_answer link_ppp(struct walk *w);

/* The same behind one byte that says who sent it. */
enum link_answer link_ppp_dir(struct walk *w);

/* RFC 2516: a PPPoE header, then PPP without framing. */
enum link_answer link_pppoe(struct walk *w);

/* PPP with framing, always; or Cisco's HDLC, which has an ethertype. */
enum link_answer link_hdlc(struct walk *w);

#endif /* REPLAY_LINK_WALK_H */
