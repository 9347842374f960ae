/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * param.h - named tunables
 *
 * Each owner of parameters (the core, each tracker) brings a constant list of
 * definitions: a group.  A table keeps the values of all groups in one array;
 * a group's values start at its base.  Groups are added before the seal; values
 * may be set at any time, by any thread.
 */
#ifndef BASE_PARAM_H
#define BASE_PARAM_H

#include <conntrack/config.h>
#include <conntrack/param.h>
#include <stdatomic.h>

enum { CT_PARAM_GROUPS = 32, CT_PARAM_VALUES = 192 };

struct ct_param_group {
	const struct ct_param_def *defs; /* I */
	uint32_t n;                      /* I */
	uint32_t base;                   /* I  of its first value */
};

struct ct_params {
	struct ct_param_group group[CT_PARAM_GROUPS]; /* I  after the seal */
	uint32_t n_groups;                            /* I */
	uint32_t n_values;                            /* I */
	enum ct_profile profile;                      /* I */
	_Atomic uint32_t value[CT_PARAM_VALUES];      /* A  relaxed */
};

/*
 * Add a group with its profile's defaults.
 *
 * => 0; CT_E_EXIST when a name or alias is taken; CT_E_FULL; CT_E_INVAL.
 */
int ct_params_add(struct ct_params *params, const struct ct_param_def *defs,
		  size_t n, uint32_t *base);

/* => The definition, and the index of its value; NULL for an unknown name. */
const struct ct_param_def *ct_params_find(const struct ct_params *params,
					  const char *name, uint32_t *index);

/* => The definition of the n-th value, or NULL. */
const struct ct_param_def *ct_params_nth(const struct ct_params *params,
					 uint32_t n);

static inline uint32_t ct_params_value(const struct ct_params *params,
				       size_t index)
{
	return atomic_load_explicit(&params->value[index],
				    memory_order_relaxed);
}

static inline void ct_params_store(struct ct_params *params, uint32_t index,
				   uint32_t value)
{
	atomic_store_explicit(&params->value[index], value,
			      memory_order_relaxed);
}

#endif /* BASE_PARAM_H */
