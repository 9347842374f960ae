/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - who tracks what; closed by the seal
 */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include <conntrack/plugin.h>

/* Number of the tracker for protocols that have none of their own. */
#define CT_L4_GENERIC 255

struct ct_registry {
	const struct ct_l3_ops *l3[256]; /* I  after the seal */
	const struct ct_l4_ops *l4[256]; /* I  after the seal */
	uint32_t params[256];            /* I  base of l4's values */
};

/* Add the table's own parameters: the first group. */
int ct_registry_init(struct ct_table *tbl);

/* => NULL for an unknown one. */
const struct ct_l3_ops *ct_registry_l3(const struct ct_table *tbl, uint8_t l3);

/* => The generic tracker for an unknown one; never NULL. */
const struct ct_l4_ops *ct_registry_l4(const struct ct_table *tbl, uint8_t l4);

/*
 * Take a caller's struct of another version.
 *
 * => 0, or CT_E_VERSION when its tail beyond what we know is not zero, or
 *    CT_E_INVAL when it has no size.
 */
int ct_sized_copy(void *to, size_t to_size, const void *from);

#endif /* CORE_REGISTRY_H */
