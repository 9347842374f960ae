/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * range.h - what a range of addresses and ids means; pure
 */
#ifndef NAT_RANGE_H
#define NAT_RANGE_H

#include <conntrack/nat.h>
#include <conntrack/tracker.h>

/* => Some other id than the one at hand is wanted at any rate. */
static inline bool ct_range_random(const struct ct_nat_range *range)
{
	return range->flags & (CT_NAT_RANDOM | CT_NAT_RANDOM_FULLY);
}

/* => It makes sense. */
bool ct_range_good(const struct ct_nat_range *range);

/* What a mapped prefix is for one address: a range of one. */
void ct_range_map(struct ct_nat_range *range, const union ct_addr *addr);

/* The part of a tuple that an end is about. */
static inline union ct_addr *ct_range_addr(struct ct_tuple *t,
					   enum ct_nat_end end)
{
	return end == CT_NAT_SRC ? &t->src : &t->dst;
}

/* => The id that may be chosen; NULL when the protocol has none. */
static inline ct_be16 *ct_range_id(const struct ct_l4_ops *ops,
				   struct ct_tuple *t, enum ct_nat_end end)
{
	if (ops->flags & CT_L4_NAT_QUERY)
		return &t->src_id;
	if (!(ops->flags & CT_L4_NAT_PORTS))
		return NULL;
	return end == CT_NAT_SRC ? &t->src_id : &t->dst_id;
}

/* => The id that may be written if a range names it. */
static inline ct_be16 *ct_range_told_id(const struct ct_l4_ops *ops,
					struct ct_tuple *t, enum ct_nat_end end)
{
	if (ops->flags & CT_L4_NAT_TOLD)
		return end == CT_NAT_SRC ? &t->src_id : &t->dst_id;
	return ct_range_id(ops, t, end);
}

/* Whether a tuple's id is one of the range's; true where there is none. */
bool ct_range_has_id(const struct ct_nat_range *range,
		     const struct ct_l4_ops *ops, const struct ct_tuple *t,
		     enum ct_nat_end end);

/* => The ids among which one is excluded; NULL: it is not. */
const struct ct_nat_ids *ct_range_excludes(const struct ct_nat_range *range,
					   uint32_t id);

/* Whether a source is one of the range's. */
bool ct_range_has_source(const struct ct_nat_range *range,
			 const struct ct_l4_ops *ops, const struct ct_tuple *t);

/* Put the address in place that the range has for this tuple. */
void ct_range_choose(const struct ct_nat_range *range, uint16_t zone,
		     struct ct_tuple *t, enum ct_nat_end end);

#endif /* NAT_RANGE_H */
