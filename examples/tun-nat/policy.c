/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.c - questions to a policy; policy_parse.c fills it in
 */
#include "policy.h"

#include <arpa/inet.h>
#include <string.h>

const union ct_addr *policy_own(const struct policy *policy, enum side side,
				uint8_t l3)
{
	const struct policy_side *on = &policy->sides[side];

	for (unsigned i = 0; i < on->n_nets; i++)
		if (on->nets[i].at.l3 == l3)
			return &on->nets[i].at.addr;
	return NULL;
}

static bool equal(const struct address *address, uint8_t l3,
		  const union ct_addr *addr)
{
	return address->l3 == l3 &&
	       memcmp(&address->addr, addr, sizeof(*addr)) == 0;
}

bool policy_is_own(const struct policy *policy, enum side side, uint8_t l3,
		   const union ct_addr *addr)
{
	const struct policy_side *on = &policy->sides[side];

	for (unsigned i = 0; i < on->n_nets; i++)
		if (equal(&on->nets[i].at, l3, addr))
			return true;
	return false;
}

bool policy_is_on(const struct policy *policy, enum side side, uint8_t l3,
		  const union ct_addr *addr)
{
	const struct policy_side *on = &policy->sides[side];

	for (unsigned i = 0; i < on->n_nets; i++)
		if (prefix_holds(&on->nets[i], l3, addr))
			return true;
	return false;
}

static bool pooled(const struct policy_source *source, uint8_t l3,
		   const union ct_addr *addr)
{
	return source->first.l3 == l3 &&
	       memcmp(&source->first.addr, addr, sizeof(*addr)) <= 0 &&
	       memcmp(addr, &source->last.addr, sizeof(*addr)) <= 0;
}

bool policy_is_public(const struct policy *policy, uint8_t l3,
		      const union ct_addr *addr)
{
	for (unsigned i = 0; i < policy->n_sources; i++)
		if (pooled(&policy->sources[i], l3, addr))
			return true;
	for (unsigned i = 0; i < policy->n_forwards; i++)
		if (equal(&policy->forwards[i].at.at, l3, addr))
			return true;
	return policy_is_own(policy, INSIDE, l3, addr) ||
	       policy_is_own(policy, OUTSIDE, l3, addr);
}

const struct policy_source *policy_source(const struct policy *policy,
					  uint8_t l3, const union ct_addr *addr)
{
	for (unsigned i = 0; i < policy->n_sources; i++)
		if (prefix_holds(&policy->sources[i].from, l3, addr))
			return &policy->sources[i];
	return NULL;
}

const struct policy_forward *policy_forward(const struct policy *policy,
					    const struct ct_tuple *t)
{
	uint16_t port = ntohs(t->dst_id);

	for (unsigned i = 0; i < policy->n_forwards; i++) {
		const struct policy_forward *forward = &policy->forwards[i];

		if (forward->l4 == t->l4 &&
		    equal(&forward->at.at, t->l3, &t->dst) &&
		    forward->at.ports.first <= port &&
		    port <= forward->at.ports.last)
			return forward;
	}
	return NULL;
}

int policy_helper(const struct policy *policy, uint16_t port)
{
	for (unsigned i = 0; i < policy->n_helpers; i++) {
		const struct ports *ports = &policy->helpers[i].ports;

		if (ports->first <= port && port <= ports->last)
			return (int)i;
	}
	return -1;
}
