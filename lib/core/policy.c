/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.c - what a host wants done with some packets
 */
#include "core/policy.h"

#include "core/table.h"

#include <string.h>

#define ALL_FLAGS                                                   \
	((uint32_t)CT_POLICY_NOTRACK | CT_POLICY_ZONE_ORIG |        \
	 CT_POLICY_ZONE_REPLY | CT_POLICY_MARK | CT_POLICY_LABELS | \
	 CT_POLICY_EVENTS | CT_POLICY_SYN_PROXY | CT_POLICY_NO_SYN_PROXY)

#define ALL_EVENTS ((uint32_t)CT_EV_ALL | CT_EV_EXPECT)

static size_t size_of(size_t n_values)
{
	return sizeof(struct ct_policy) +
	       n_values * sizeof(struct ct_policy_value);
}

static void destroy(struct ct_mem *mem, struct ct_policy *policy)
{
	ct_mem_free(mem, policy, size_of(policy->n_values));
}

static int fill_values(const struct ct_table *tbl, struct ct_policy *policy,
		       const struct ct_policy_def *def)
{
	for (size_t i = 0; i < def->n_timeouts; i++) {
		const struct ct_policy_timeout *timeout = &def->timeouts[i];
		const struct ct_param_def *param;
		uint32_t index;

		param = timeout->name ? ct_params_find(&tbl->params,
						       timeout->name, &index)
				      : NULL;
		if (!param || !(param->flags & CT_PARAM_TIMEOUT))
			return CT_E_NOENT;
		if (timeout->seconds < param->min ||
		    timeout->seconds > param->max)
			return CT_E_RANGE;
		policy->values[i].index = index;
		policy->values[i].value = timeout->seconds;
	}
	return 0;
}

static int fill(struct ct_table *tbl, struct ct_policy *policy,
		const struct ct_policy_def *def)
{
	policy->flags = def->flags;
	policy->class_ = def->class_;
	policy->overflow = (uint8_t)def->overflow;
	policy->mark = def->mark;
	policy->events =
		def->flags & CT_POLICY_EVENTS ? def->events : ALL_EVENTS;
	if (def->flags & CT_POLICY_ZONE_ORIG)
		policy->zone[CT_DIR_ORIG] = def->zone;
	if (def->flags & CT_POLICY_ZONE_REPLY)
		policy->zone[CT_DIR_REPLY] = def->zone;
	memcpy(policy->labels, def->labels, sizeof(policy->labels));
	if (def->helper) {
		policy->helper = ct_helper_find(tbl, def->helper);
		if (!policy->helper)
			return CT_E_NOENT;
	}
	return fill_values(tbl, policy, def);
}

/* --- Where they stand ---------------------------------------------------- */

/* Policies of the first page. */
enum { FIRST = 32, FIRST_BITS = 5 };

CT_STATIC_ASSERT(FIRST << CT_POLICY_PAGES > UINT16_MAX + FIRST, "room for all");

static unsigned page_of(uint32_t number)
{
	return 31 - (unsigned)__builtin_clz(number + FIRST) - FIRST_BITS;
}

static size_t page_len(unsigned page)
{
	return ((size_t)FIRST << page) * sizeof(struct ct_policy *);
}

static struct ct_policy **in_page(struct ct_policy **page, uint32_t number)
{
	return page + number + FIRST - (FIRST << page_of(number));
}

/* Give the policy a number and a place. */
static int place(struct ct_table *tbl, struct ct_policy *policy)
	CT_REQUIRES(tbl->policies.lock)
{
	struct ct_policies *policies = &tbl->policies;
	uint32_t number = policies->n + 1;
	struct ct_policy **page;

	if (number > UINT16_MAX)
		return CT_E_FULL;
	page = atomic_load_explicit(&policies->page[page_of(number)],
				    memory_order_relaxed);
	if (!page) {
		page = ct_mem_alloc(&tbl->mem, page_len(page_of(number)),
				    _Alignof(struct ct_policy *));
		if (!page)
			return CT_E_NOMEM;
		/* release; pairs with the acquire in ct_policy_at() */
		atomic_store_explicit(&policies->page[page_of(number)], page,
				      memory_order_release);
	}
	policy->number = (uint16_t)number;
	*in_page(page, number) = policy;
	policies->n = number;
	return 0;
}

int ct_policy_create(struct ct_table *tbl, const struct ct_policy_def *caller,
		     const struct ct_policy **policy)
{
	struct ct_policy_def def;
	struct ct_policy *made;
	int error;

	error = ct_sized_copy(&def, sizeof(def), caller);
	if (error)
		return error;
	if ((def.flags & ~ALL_FLAGS) ||
	    !(~def.flags & (CT_POLICY_SYN_PROXY | CT_POLICY_NO_SYN_PROXY)) ||
	    (def.n_timeouts && !def.timeouts) ||
	    def.n_timeouts > CT_PARAM_VALUES || def.class_ >= CT_CLASSES ||
	    def.overflow >= CT_OVERFLOW_VERDICTS || (def.events & ~ALL_EVENTS))
		return CT_E_INVAL;
	if (!ct_verdict_possible(tbl, def.overflow))
		return CT_E_REFUSED;

	made = ct_mem_alloc(&tbl->mem, size_of(def.n_timeouts),
			    _Alignof(struct ct_policy));
	if (!made)
		return CT_E_NOMEM;
	made->n_values = (uint32_t)def.n_timeouts;
	error = fill(tbl, made, &def);
	if (!error) {
		ct_spin_lock(&tbl->policies.lock);
		error = place(tbl, made);
		ct_spin_unlock(&tbl->policies.lock);
	}
	if (error) {
		destroy(&tbl->mem, made);
		return error;
	}
	*policy = made;
	return 0;
}

void ct_policies_fini(struct ct_table *tbl)
{
	struct ct_policies *policies = &tbl->policies;

	for (uint32_t i = 1; i <= policies->n; i++)
		destroy(&tbl->mem, *in_page(policies->page[page_of(i)], i));
	for (unsigned i = 0; i < CT_POLICY_PAGES; i++)
		ct_mem_free(&tbl->mem, policies->page[i], page_len(i));
}

const struct ct_policy *ct_policy_at(const struct ct_table *tbl,
				     uint16_t number)
{
	struct ct_policy **page;

	if (!number)
		return NULL;
	/* acquire; pairs with the release in place() */
	page = atomic_load_explicit(&tbl->policies.page[page_of(number)],
				    memory_order_acquire);
	return *in_page(page, number);
}

uint32_t ct_policy_param(const struct ct_table *tbl, uint16_t number,
			 uint32_t index)
{
	const struct ct_policy *policy = ct_policy_at(tbl, number);

	for (uint32_t i = 0; i < policy->n_values; i++)
		if (policy->values[i].index == index)
			return policy->values[i].value;
	return ct_params_value(&tbl->params, index);
}

uint32_t ct_policy_events(const struct ct_table *tbl,
			  const struct ct_conn *conn)
{
	const struct ct_policy *policy = ct_policy_at(tbl, conn->policy);

	return policy ? policy->events : ALL_EVENTS;
}
