/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - who tracks what; closed by the seal
 */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include <conntrack/tracker.h>

/* Number of the tracker for protocols that have none of their own. */
#define CT_L4_GENERIC 255

/* Trackers of one kind at most. */
enum { CT_L3_TRACKERS = 8, CT_TRACKERS = 40 };

/* Numbers are bytes and few of them have a tracker: two steps, to stay small.
 * Place 0 is for those that have none. */
struct ct_registry {
	const struct ct_l3_ops *l3[CT_L3_TRACKERS]; /* I  after the seal */
	const struct ct_l4_ops *l4[CT_TRACKERS];    /* I  after the seal */
	uint8_t params[CT_TRACKERS];                /* I  base of l4's values */
	uint8_t l3_at[256];                         /* I  place in l3 */
	uint8_t l4_at[256];                         /* I  place in l4 */
	uint32_t n_l3;                              /* I */
	uint32_t n_l4;                              /* I */
	uint8_t ours; /* I  after the seal; see predict.c */
};

/* Add the table's own parameters: the first group. */
int ct_registry_init(struct ct_table *tbl);

/*
 * Take a caller's struct of another version.
 *
 * => 0, or CT_E_VERSION when its tail beyond what we know is not zero, or
 *    CT_E_INVAL when it has no size.
 */
int ct_sized_copy(void *to, size_t to_size, const void *from);

/*
 * Fill in a caller's struct of another version, as far as its size says.
 *
 * => Its size stays; what it has beyond from_size is zeroed.
 * => 0, or CT_E_VERSION when it has no size.
 */
int ct_sized_answer(void *to, const void *from, size_t from_size);

#endif /* CORE_REGISTRY_H */
