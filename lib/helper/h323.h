/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323.h - what the three helpers of H.323 share; see docs/h323.md
 *
 *	bytes --per.h--> finds --> h323_call.c, h323_ras.c: what is it for?
 *				       --> h323.c: expect it, translate it
 *
 * An address is translated in its place: no length changes.
 */
#ifndef HELPER_H323_H
#define HELPER_H323_H

#include "helper/h323_types.h"
#include "helper/helpers.h"

enum {
	CT_H323_CHANNELS = 4, /* whose ports are remembered, as in Linux */
	CT_H323_TIMEOUT_S = 240
};

/* A connection's state; a direction's is that of whoever speaks in it. */
struct ct_h323_state {
	/* Where calls or H.245 are answered: [dir] as announced, [the other]
	 * as the peer was told. */
	ct_be16 signal_port[CT_DIR_MAX];
	ct_be16 media_port[CT_H323_CHANNELS][CT_DIR_MAX]; /* likewise */
	uint16_t body[CT_DIR_MAX]; /* bytes that a TPKT header announced */
	uint32_t timeout_s;        /* of a registration */
};
CT_STATIC_ASSERT(sizeof(struct ct_h323_state) <= CT_HELPER_STATE_MAX, "fits");

/* One message, and what it is looked at with. */
struct ct_h323_look {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_speech *speech;
	struct ct_h323_state *state;
	uint32_t off;         /* of the message, in speech->bytes */
	uint32_t len;         /* of what is there of it */
	struct ct_tuple own;  /* the speaker's direction */
	struct ct_tuple peer; /* the other one */
	struct ct_per_finds finds;
};

/* An address that was announced. */
struct ct_h323_addr {
	union ct_addr addr;
	ct_be16 port;
};

/* Nothing of the message is known yet. */
void ct_h323_look(struct ct_h323_look *look, struct ct_thread *thr,
		  struct ct_pkt *pkt, struct ct_speech *speech);

/*
 * Read an address; false for one of another family, for one that is not all
 * there, and for one that was shown before.
 */
bool ct_h323_read(const struct ct_h323_look *look,
		  const struct ct_per_found *found, struct ct_h323_addr *at);

/* => How many of the last bytes begin an address that does not end here, and
 * that NAT may have to replace: the packet's own only. */
uint32_t ct_h323_begun(const struct ct_h323_look *look);

bool ct_h323_same(const union ct_addr *a, const union ct_addr *b);

/* Whether any address of the connection changes, and whether the speaker's
 * does. */
bool ct_h323_translated(const struct ct_h323_look *look);
bool ct_h323_hidden(const struct ct_h323_look *look);

/* What is done for an address: CT_HELP_DROP ends the packet. */

/* Put another address in its place. */
enum ct_help ct_h323_put(const struct ct_h323_look *look,
			 const struct ct_per_found *found,
			 const union ct_addr *addr, ct_be16 port);

/* Expect one TCP connection to the speaker, or with CT_EXPECT_PERMANENT any
 * number, for the helper of this name or NULL. */
enum ct_help ct_h323_expect_tcp(const struct ct_h323_look *look,
				const struct ct_per_found *found,
				const char *helper, uint32_t flags);

/* Expect RTP and RTCP at the speaker. */
enum ct_help ct_h323_expect_media(const struct ct_h323_look *look,
				  const struct ct_per_found *found);

/* Expect a call at somebody else, who is named in the message. */
enum ct_help ct_h323_expect_forward(const struct ct_h323_look *look,
				    const struct ct_per_found *found);

/* A definition of who knocks: the peer, or anybody. */
enum ct_h323_who { CT_H323_PEER, CT_H323_ANYBODY };
struct ct_expect_def ct_h323_def(const struct ct_h323_look *look,
				 enum ct_h323_who who, uint8_t l4);

/* Translated at its destination only: who knocks stays who it is. */
void ct_h323_nat_onward(struct ct_thread *thr, struct ct_pkt *pkt,
			const struct ct_expect *exp);

/* Expect it near its port; look->state remembers both for next time. */
enum ct_help ct_h323_expect_near(const struct ct_h323_look *look,
				 const struct ct_per_found *found,
				 const struct ct_h323_addr *at,
				 struct ct_expect_def *def);

#endif
