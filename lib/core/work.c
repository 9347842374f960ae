/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work.c - how much of growing and shrinking one call may do
 */
#include "core/work.h"

const struct ct_work ct_work_budget[CT_WORK_CALLS] = {
	[CT_WORK_INSERT] = { CT_WORK_INSERT_MOVED, CT_WORK_INSERT_CLEARED,
			     CT_WORK_INSERT_PAGES, CT_WORK_INSERT_BLOCKS },
	[CT_WORK_POLL] = { CT_WORK_POLL_MOVED, CT_WORK_POLL_CLEARED,
			   CT_WORK_POLL_PAGES, CT_WORK_POLL_BLOCKS },
	[CT_WORK_MAINTAIN] = { CT_WORK_MAINTAIN_TIMES * CT_WORK_POLL_MOVED,
			       CT_WORK_MAINTAIN_TIMES *CT_WORK_POLL_CLEARED,
			       CT_WORK_MAINTAIN_TIMES *CT_WORK_POLL_PAGES,
			       CT_WORK_POLL_BLOCKS },
};

static void raise_to(_Atomic uint32_t *most, uint32_t done)
{
	uint32_t now = atomic_load_explicit(most, memory_order_relaxed);

	while (now < done && !atomic_compare_exchange_weak_explicit(
				     most, &now, done, memory_order_relaxed,
				     memory_order_relaxed))
		;
}

void ct_work_done(struct ct_work_most *most, const struct ct_work *budget,
		  const struct ct_work *left)
{
	raise_to(&most->moved, budget->moved - left->moved);
	raise_to(&most->cleared, budget->cleared - left->cleared);
	raise_to(&most->pages, budget->pages - left->pages);
	raise_to(&most->blocks, budget->blocks - left->blocks);
}

static uint32_t load(_Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

void ct_work_report(struct ct_work_most most[CT_WORK_CALLS],
		    struct ct_work report[CT_WORK_CALLS])
{
	for (unsigned i = 0; i < CT_WORK_CALLS; i++)
		report[i] = (struct ct_work){ load(&most[i].moved),
					      load(&most[i].cleared),
					      load(&most[i].pages),
					      load(&most[i].blocks) };
}
