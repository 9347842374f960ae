/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * param.c - named tunables
 */
#include "base/param.h"

#include <string.h>

static const char sysctl_prefix[] = "net.netfilter.";

static bool named(const struct ct_param_def *def, const char *name)
{
	return strcmp(def->name, name) == 0 ||
	       (def->alias && strcmp(def->alias, name) == 0);
}

const struct ct_param_def *ct_params_find(const struct ct_params *params,
					  const char *name, uint32_t *index)
{
	size_t prefix = sizeof(sysctl_prefix) - 1;

	if (strncmp(name, sysctl_prefix, prefix) == 0)
		name += prefix;
	for (uint32_t g = 0; g < params->n_groups; g++) {
		const struct ct_param_group *group = &params->group[g];

		for (uint32_t i = 0; i < group->n; i++) {
			if (!named(&group->defs[i], name))
				continue;
			*index = group->base + i;
			return &group->defs[i];
		}
	}
	return NULL;
}

const struct ct_param_def *ct_params_nth(const struct ct_params *params,
					 uint32_t n)
{
	for (uint32_t g = 0; g < params->n_groups; g++) {
		const struct ct_param_group *group = &params->group[g];

		if (n - group->base < group->n)
			return &group->defs[n - group->base];
	}
	return NULL;
}

static bool taken(const struct ct_params *params,
		  const struct ct_param_def *defs, size_t n, const char *name)
{
	uint32_t index;

	for (size_t i = 0; i < n; i++)
		if (named(&defs[i], name))
			return true;
	return ct_params_find(params, name, &index);
}

/* Whether the n-th definition makes sense and its names are free. */
static int check(const struct ct_params *params,
		 const struct ct_param_def *defs, size_t n)
{
	const struct ct_param_def *def = &defs[n];

	if (!def->name || !def->doc || def->min > def->max ||
	    def->linux_value < def->min || def->linux_value > def->max ||
	    def->recommended < def->min || def->recommended > def->max)
		return CT_E_INVAL;
	if (taken(params, defs, n, def->name) ||
	    (def->alias && taken(params, defs, n, def->alias)))
		return CT_E_EXIST;
	return 0;
}

int ct_params_add(struct ct_params *params, const struct ct_param_def *defs,
		  size_t n, uint32_t *base)
{
	struct ct_param_group *group = &params->group[params->n_groups];

	if (params->n_groups == CT_PARAM_GROUPS ||
	    n > (size_t)CT_PARAM_VALUES - params->n_values)
		return CT_E_FULL;
	for (size_t i = 0; i < n; i++) {
		int error = check(params, defs, i);

		if (error)
			return error;
	}

	group->defs = defs;
	group->n = (uint32_t)n;
	group->base = params->n_values;
	for (uint32_t i = 0; i < n; i++)
		ct_params_store(params, group->base + i,
				params->profile == CT_PROFILE_LINUX
					? defs[i].linux_value
					: defs[i].recommended);
	params->n_groups++;
	params->n_values += group->n;
	*base = group->base;
	return 0;
}
