/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NAT rules of a scenario, with the meaning that they have as nft rules:
 * those with `in` act before routing, those with `out` behind it.
 */
#ifndef ORACLE_NAT_H
#define ORACLE_NAT_H

#include "play.h"

/*
 * Let the rules choose a new connection's mapping, for one end; a null mapping
 * where there are rules for the packet's family, but none matches.
 */
void nat_choose(struct player *player, struct passage *passage,
		enum ct_nat_end end);

/* Translate the packet; false, with the record filled in, if it is dropped. */
bool nat_translate(struct player *player, struct passage *passage,
		   enum ct_nat_end end, json_t *record);

/* Both. */
bool nat_step(struct player *player, struct passage *passage,
	      enum ct_nat_end end, json_t *record);

/*
 * Where the scenario says that ports are random: find those that NAT chose in
 * a record's table, and give them the names that the golden has for them.
 */
void nat_learn_ports(struct player *player, const json_t *record);
void nat_name_ports(const struct player *player, json_t *record);

#endif /* ORACLE_NAT_H */
