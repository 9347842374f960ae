/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenario to table; see config.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

/* The same bytes for every run, so that runs can be compared. */
static void same_bytes(void *user, void *buf, size_t len)
{
	uint32_t state = 0x2545f491;
	uint8_t *bytes = buf;
	size_t i;

	(void)user;
	for (i = 0; i < len; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

static uint64_t number_of(const json_t *value)
{
	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return (uint64_t)json_integer_value(value);
}

/* Whether a sysctl is conntrack's; those of the IP layer are the router's. */
static bool is_ours(const char *name)
{
	return strncmp(name, "net.", 4) || !strncmp(name, "net.netf", 8) ||
	       !strncmp(name, "net.ipv4.ipfrag_", 16);
}

static void set_all(struct ct_table *tbl, json_t *settings)
{
	const char *name;
	json_t *value;

	json_object_foreach(settings, name, value)
	{
		int error;

		if (!is_ours(name))
			continue;
		error = ct_param_set(tbl, name, number_of(value));
		if (error)
			fprintf(stderr, "ct-oracle: %s: %s\n", name,
				ct_strerror(error));
	}
}

struct ct_table *config_table(const json_t *scenario)
{
	struct ct_host host = { .size = sizeof(host), .random = same_bytes };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .profile = CT_PROFILE_LINUX };
	json_t *global = json_object_get(scenario, "global");
	struct ct_table *tbl;
	int error;

	cfg.max_conns = (uint32_t)number_of(
		json_object_get(global, "nf_conntrack_max"));
	error = ct_table_create(&cfg, &tbl);
	if (error) {
		fprintf(stderr, "ct-oracle: table: %s\n", ct_strerror(error));
		return NULL;
	}
	set_all(tbl, global);
	set_all(tbl, json_object_get(scenario, "sysctl"));
	return tbl;
}
