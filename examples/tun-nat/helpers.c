/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers.c - the policy's lines "helper", as policies of the library
 *
 * A helper never attaches by itself.  A connection gets one when its first
 * packet names it, so every packet to such a port does.
 */
#include "gateway.h"

#include <conntrack/cursor.h>
#include <conntrack/policy.h>
#include <netinet/in.h>

bool helpers_open(struct gateway *gw)
{
	const struct policy *policy = gw->policy;

	for (unsigned i = 0; i < policy->n_helpers; i++) {
		const struct policy_helper *line = &policy->helpers[i];
		const struct ct_policy_def def = { .size = sizeof(def),
						   .helper = line->name };
		int error = ct_policy_create(gw->tbl, &def, &gw->helpers[i]);

		if (error) {
			fprintf(stderr, "tun-nat: %s:%u: helper %s: %s\n",
				policy->path, line->line, line->name,
				ct_strerror(error));
			return false;
		}
	}
	return true;
}

/* => 0 for what has no port.  IPv6 extension headers hide it: of that a helper
 *    would understand nothing anyway. */
static uint16_t port_of(const struct frame *frame)
{
	const struct ip *ip = &frame->ip;
	struct ct_cursor cur = ct_cursor_of(frame->data, frame->len);

	if (ip->fragment || (ip->l4 != IPPROTO_TCP && ip->l4 != IPPROTO_UDP))
		return 0;
	ct_cursor_skip(&cur, ip->hlen + sizeof(uint16_t));
	return ct_cursor_u16(&cur);
}

const struct ct_policy *helpers_policy(const struct gateway *gw,
				       const struct frame *frame)
{
	int n;

	if (!gw->policy->n_helpers)
		return NULL;
	n = policy_helper(gw->policy, port_of(frame));
	return n < 0 ? NULL : gw->helpers[n];
}
