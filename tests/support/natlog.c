/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NAT's events told; see natlog.h.
 */
#include "natlog.h"

#include <check.h>

enum { EVENTS = 4096 };

static struct ct_nat_event events[EVENTS];
static unsigned n_events;

void ct_natlog_open(void)
{
	n_events = 0;
}

void ct_natlog_note(void *user, const struct ct_nat_event *ev)
{
	(void)user;
	if (n_events < EVENTS)
		events[n_events++] = *ev;
}

struct ct_nat_pool_config ct_natlog_config(void)
{
	struct ct_nat_pool_config cfg = ct_pool_config();

	cfg.events = CT_NAT_EV_ALL;
	cfg.event = ct_natlog_note;
	return cfg;
}

unsigned ct_natlog_count(enum ct_nat_event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_events; i++)
		n += events[i].kind == (uint32_t)kind;
	return n;
}

unsigned ct_natlog_all(void)
{
	return n_events;
}

const struct ct_nat_event *ct_natlog_last(enum ct_nat_event_kind kind)
{
	const struct ct_nat_event *found = NULL;

	for (unsigned i = 0; i < n_events; i++)
		if (events[i].kind == (uint32_t)kind)
			found = &events[i];
	ck_assert_ptr_nonnull(found);
	return found;
}
