/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of a replay; see table.h.
 */
#include "table.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S UINT64_C(1000000000)

/*
 * The host's randomness: a counter, well mixed (splitmix64).  The same seed
 * and captures give the same output to the byte.
 */
static void seeded_random(void *user, void *buf, size_t len)
{
	uint64_t *seed = user;
	uint8_t *to = buf;

	for (size_t i = 0; i < len; i++) {
		uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

		x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
		to[i] = (uint8_t)(x >> 56);
	}
}

static int set_params(const struct replay_options *opt, struct ct_table *tbl)
{
	for (size_t i = 0; i < opt->n_params; i++) {
		const struct replay_param *param = &opt->params[i];
		int err = ct_param_set(tbl, param->name, param->value);

		if (err) {
			replay_error(param->name, ct_strerror(err));
			return REPLAY_USAGE;
		}
	}
	return REPLAY_OK;
}

static int create(const struct replay_options *opt, struct ct_table **tbl)
{
	uint64_t seed = opt->seed;
	struct ct_host host = { .size = sizeof(host),
				.user = &seed,
				.random = seeded_random };
	struct ct_config cfg = { .size = sizeof(cfg),
				 .host = &host,
				 .max_conns = opt->max_conns,
				 .profile = CT_PROFILE_LINUX };
	int err = ct_table_create(&cfg, tbl);

	if (!err)
		return REPLAY_OK;
	replay_error("table", ct_strerror(err));
	return REPLAY_FAILED;
}

static int attach(struct ct_table *tbl, struct ct_thread **thr)
{
	int err = ct_thread_attach(tbl, thr);

	if (!err)
		return REPLAY_OK;
	replay_error("table", ct_strerror(err));
	return REPLAY_FAILED;
}

int table_open(const struct replay_options *opt, struct ct_table **tbl,
	       struct ct_thread **thr)
{
	int status;

	*tbl = NULL;
	*thr = NULL;
	status = create(opt, tbl);
	if (status)
		return status;
	status = set_params(opt, *tbl);
	if (!status)
		status = attach(*tbl, thr);
	if (!status)
		return REPLAY_OK;
	ct_table_destroy(*tbl);
	*tbl = NULL;
	return status;
}

void table_close(struct ct_table *tbl, struct ct_thread *thr)
{
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

/*
 * Pauses below a second are left to the poll of the packet that ends them:
 * timeouts are in seconds.  The step grows, so that a clock that leaps by a
 * century costs a few hundred looks at the table at most.
 */
void table_clock(struct ct_thread *thr, uint64_t *clock, uint64_t now_ns)
{
	struct ct_table *tbl = ct_thread_table(thr);
	uint64_t step = NS_PER_S;

	if (!*clock)
		*clock = now_ns;
	while (now_ns > *clock && now_ns - *clock > step) {
		uint64_t next = ct_next_expiry(tbl);

		if (next >= now_ns)
			break;
		*clock += step;
		if (*clock < next)
			*clock = next;
		(void)ct_maintain(tbl, *clock, 0);
		step += step / 8;
	}
	if (now_ns > *clock)
		*clock = now_ns;
	ct_thread_poll(thr, *clock);
}

void table_print_params(const struct ct_table *tbl)
{
	struct ct_param_info param = { .size = sizeof(param) };

	for (unsigned n = 0; ct_param_info(tbl, n, &param) == CT_OK; n++)
		printf("%-32s %10" PRIu64 "  %s%s%s\n", param.name, param.value,
		       param.alias ? param.alias : "", param.alias ? ": " : "",
		       param.doc);
}
