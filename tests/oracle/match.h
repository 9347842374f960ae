/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The matches of a sidecar's rules, with the meaning they have as nft rules.
 */
#ifndef ORACLE_MATCH_H
#define ORACLE_MATCH_H

#include <conntrack/types.h>

#include "packet.h"

enum side { SIDE_LAN, SIDE_WAN };

/* What a rule may ask about: a packet, and where it is. */
struct subject {
	struct ip_view view;
	enum side side;      /* where it came from */
	bool leaving;        /* the other side is known, too */
	enum ct_state state; /* what conntrack said */
};

/* The side that a packet from the given one leaves by. */
enum side side_opposite(enum side side);

/* The side of a name, "lan" or "wan". */
enum side side_of_name(const char *name);

/* The number of a protocol's name, or -1. */
int proto_of_name(const char *name);

/* Whether a word like "new" or "related" is the packet's state. */
bool match_state(enum ct_state state, const char *word, size_t len);

/* Whether the packet is one that the rule is about. */
bool match_rule(const json_t *rule, const struct subject *subject);

/* The same, where the rule's table is of the rule's family only. */
bool match_family_rule(const json_t *rule, const struct subject *subject);

#endif /* ORACLE_MATCH_H */
