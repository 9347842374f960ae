/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet of a text protocol while its helper reads and rewrites it, one
 * message after the other.
 */
#ifndef HELPER_TALK_H
#define HELPER_TALK_H

#include "helper/say.h"

#include <conntrack/conn.h>
#include <conntrack/helper.h>

/* Replacements in one packet: each moves up to all of its bytes. */
enum { CT_TALK_EDITS_MAX = 256 };

/* Messages in one packet: each may be passed over several times. */
enum { CT_TALK_SAYS_MAX = 64 };

/* Bytes of "[address]:port", its NUL included. */
enum { CT_TALK_END_SIZE = 56 };

struct ct_talk {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_speech *speech;
	struct ct_tuple own;  /* of the packet's direction */
	struct ct_tuple peer; /* of the other one */
	uint32_t base;        /* where the message begins in speech */
	uint32_t len;         /* and how long it is */
	uint32_t floor;       /* what is before it in speech stays */
	uint32_t edits;       /* replacements so far, of the whole packet */
	uint32_t says;        /* messages so far */
	bool fixed;           /* its length was sent on and must stay */
	bool nat;             /* the connection is translated */
};

/* Begin with a packet; its bytes are no message yet. */
void ct_talk_begin(struct ct_talk *talk, struct ct_thread *thr,
		   struct ct_pkt *pkt, struct ct_speech *speech);

/* Another message of the packet begins.
 *
 * => Returns false when there were too many; the packet must be dropped. */
bool ct_talk_next(struct ct_talk *talk);

/* The direction in which answers to this packet travel. */
enum ct_dir ct_talk_back(const struct ct_talk *talk);

/* The message, as it is now. */
struct ct_say ct_talk_say(const struct ct_talk *talk);

/* Put other text in the place of some.
 *
 * => What was sent on with an earlier packet stays, and so does what would
 *    change a length that was sent on.
 * => Returns false when it cannot be done; the packet must be dropped. */
bool ct_talk_edit(struct ct_talk *talk, struct ct_span at, const char *text);

/* The same with an address, in brackets if that is how a URI has it. */
bool ct_talk_edit_addr(struct ct_talk *talk, struct ct_span at,
		       enum ct_say_style style, const union ct_addr *addr);

/* The same with an address and a port. */
bool ct_talk_edit_end(struct ct_talk *talk, struct ct_span at,
		      const union ct_addr *addr, ct_be16 port);

/* The same with a number. */
bool ct_talk_edit_number(struct ct_talk *talk, struct ct_span at,
			 uint32_t value);

bool ct_talk_addr_equal(const union ct_addr *a, const union ct_addr *b);

/* Where the sender, whom it calls addr, can be reached from the other side of
 * NAT. */
union ct_addr ct_talk_reachable(const struct ct_talk *talk,
				const union ct_addr *addr);

/* An expectation over UDP of the connection's other end, or of anybody unless
 * direct, to addr and port. */
struct ct_expect_def ct_talk_expect(const struct ct_talk *talk, bool direct,
				    const union ct_addr *addr, ct_be16 port);

/* Say in an expectation that it is for addr and the port that its tuple has,
 * and comes by NAT; its tuple then has the address outside. */
void ct_talk_through_nat(const struct ct_talk *talk, struct ct_expect_def *def,
			 const union ct_addr *addr);

#endif /* HELPER_TALK_H */
