/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of a packet that player.c takes one packet after the other, and
 * burst.c burst after burst.
 */
#ifndef ORACLE_PLAY_H
#define ORACLE_PLAY_H

#include "nft.h"
#include "player.h"
#include "router.h"
#include "rules.h"
#include "view.h"

enum { PARKED_MAX = 16 };

/* A packet on its way. */
struct passage {
	json_int_t index;
	json_int_t until;   /* parked: until this one is through */
	struct bytes in;    /* as it came */
	struct bytes bytes; /* as it is now: own's, or the library's */
	uint8_t *own;       /* from malloc() */
	struct ct_pkt pkt;
	struct subject subject;
	bool tracked; /* the library has answered */
	bool known;   /* id and status mean something */
	uint64_t id;  /* of its connection, right after tracking */
	uint32_t status;
	uint32_t final_status; /* just before it leaves */
	struct ct_conn *held;  /* while it is parked */
	enum router_route route;
};

struct player {
	const struct golden *golden;
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct view view;
	struct rules rules;
	struct nft nft;
	uint64_t now_ns;
	json_t *left;  /* index: hex of what left for it */
	json_t *ports; /* that NAT chose at random: their names */
	struct passage *parked[PARKED_MAX];
	size_t n_parked;
};

/* A packet of the golden, patched; NULL when its record has none. */
struct passage *play_make(const struct player *player, const json_t *record);
void play_free(struct passage *passage);

/* Let time pass; what expires meanwhile is told apart from the packet. */
void play_wait(struct player *player, json_t *record);

/* Fill in what the library is asked. */
void play_prepare(struct player *player, struct passage *passage);

/* Take over a datagram that the packet, a fragment, completed. */
void play_adopt(struct passage *passage);

/* Tracking did not let it go on: a fragment may be held. */
void play_refused(const struct passage *passage, enum ct_verdict verdict,
		  json_t *record);

/* Note what it answered, right after tracking. */
void play_learn(struct player *player, struct passage *passage);

/* NAT of the destination, routing, marks, firewall; false if the packet ends
 * there. */
bool play_between(struct player *player, struct passage *passage,
		  json_t *record);

/* Of these, marks and firewall. */
bool play_forward(struct player *player, struct passage *passage,
		  json_t *record);

/* Note the status before the last hook, which is where a connection is
 * confirmed. */
void play_last_status(struct passage *passage, const struct ct_conn *conn);

/* NAT of the source; false if the packet ends there. */
bool play_behind(struct player *player, struct passage *passage,
		 json_t *record);

/* The packet leaves, or was not accepted by ct_confirm(). */
void play_depart(struct player *player, struct passage *passage, bool accepted,
		 json_t *record);

/* Let go the packets that wait for this one. */
json_t *play_release(struct player *player, json_int_t index);

/* The verdict, once the packet's events have given names. */
void play_verdict(const struct player *player, const struct passage *passage,
		  json_t *record);

/* What the table holds. */
void play_table(struct player *player, const struct passage *passage,
		json_t *record);

/* Take out what is not the same in every recording. */
void play_unstable(const struct player *player, json_t *record);

/* Play one packet, alone. */
json_t *play_one(struct player *player, const json_t *golden);

#endif /* ORACLE_PLAY_H */
