/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The declarative rules of a scenario: notrack, zones, timeouts and helpers
 * act before tracking, as policies; marks act where the packet is forwarded.
 */
#ifndef ORACLE_RULES_H
#define ORACLE_RULES_H

#include <conntrack/conntrack.h>

#include "match.h"

/* The rules of one scenario, and the policies made for them. */
struct rules {
	const json_t *scenario;
	struct ct_table *tbl;
	struct made_policy *made;
	size_t n_made;
};

void rules_init(struct rules *rules, const json_t *scenario,
		struct ct_table *tbl);
void rules_fini(struct rules *rules);

/* The policy that the rules put on a packet before tracking, or NULL. */
const struct ct_policy *rules_policy(struct rules *rules,
				     const struct subject *subject);

/*
 * What `ct timeout set` does besides: the new connection of a packet starts
 * with its policy's first value, whatever its tracker has chosen.
 */
void rules_first_timeout(struct rules *rules, const struct subject *subject,
			 struct ct_thread *thr, struct ct_conn *conn);

/* Let the mark rules act on the packet's connection. */
void rules_mark(struct rules *rules, const struct subject *subject,
		struct ct_thread *thr, struct ct_conn *conn);

#endif /* ORACLE_RULES_H */
