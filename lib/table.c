/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.c - a table: made, sealed, ended
 *
 *	create -> register, set parameters -> first attach: sealed -> packets
 *	-> every thread detached, every owned connection put -> destroy
 *
 * What plug-ins and parameters may change is laid out by the seal, which makes
 * the slab; the bucket table is made at once, so that create tells whether the
 * host has the memory.
 */
#include "core/table.h"
#include "core/expect.h"
#include "helper/helpers.h"
#include "nat/pool.h"
#include "overflow/probe.h"
#include "overflow/talker.h"
#include "predict.h"
#include "proto/sctp_paths.h"
#include "proto/trackers.h"
#include "refuse.h"
#include "thread.h"

#include <string.h>

enum { MAX_CONNS_DEFAULT = 262144, MAX_CONNS_MAX = 1u << 28 };

static int register_helpers(struct ct_table *tbl)
{
	int error = ct_helper_register(tbl, &ct_sctp_paths);

	for (size_t i = 0; !error && i < ct_n_helpers; i++)
		error = ct_helper_register(tbl, ct_helpers[i]);
	return error;
}

/* Every part of it, in this order; destroy copes with any prefix. */
static int init(struct ct_table *tbl, const struct ct_config *cfg)
{
	int error;

	tbl->params.profile = (enum ct_profile)cfg->profile;
	tbl->max_conns = cfg->max_conns ? cfg->max_conns : MAX_CONNS_DEFAULT;
	atomic_init(&tbl->epoch, 1);
	atomic_init(&tbl->fit, UINT32_MAX);
	CDS_INIT_LIST_HEAD(&tbl->threads);

	error = ct_mem_random(&tbl->mem, tbl->hash.secret,
			      sizeof(tbl->hash.secret));
	if (!error)
		error = ct_registry_init(tbl);
	if (!error)
		ct_params_store(&tbl->params, CT_P_MAX_CONNS, tbl->max_conns);
	if (!error)
		error = ct_extend_init(tbl);
	if (!error)
		error = ct_help_init(tbl);
	if (!error)
		error = ct_trackers_register(tbl);
	if (!error)
		error = register_helpers(tbl);
	if (!error)
		error = ct_buckets_init(tbl);
	return error;
}

int ct_table_create(const struct ct_config *caller, struct ct_table **tbl)
{
	struct ct_config cfg = { .size = sizeof(cfg) };
	struct ct_host host = { .size = sizeof(host) };
	struct ct_table *made;
	struct ct_mem mem;
	int error = 0;

	if (caller)
		error = ct_sized_copy(&cfg, sizeof(cfg), caller);
	if (!error && cfg.host)
		error = ct_sized_copy(&host, sizeof(host), cfg.host);
	if (!error &&
	    (cfg.max_conns > MAX_CONNS_MAX || cfg.profile > CT_PROFILE_LINUX))
		error = CT_E_INVAL;
	if (!error)
		error = ct_mem_init(&mem, &host, cfg.max_bytes);
	if (error)
		return error;

	made = ct_mem_alloc(&mem, sizeof(*made), CT_LINE);
	if (!made)
		return CT_E_NOMEM;
	made->mem = mem;
	error = init(made, &cfg);
	if (error) {
		ct_table_destroy(made);
		return error;
	}
	*tbl = made;
	return 0;
}

int ct_table_seal(struct ct_table *tbl)
{
	int error;

	if (atomic_load_explicit(&tbl->sealed, memory_order_acquire))
		return 0;
	tbl->hash.kind = ct_core_param(tbl, CT_P_HASH);
	error = ct_extend_seal(tbl);
	if (!error)
		error = ct_limits_seal(tbl);
	/* A stranger's tracker does not tell what is half-open. */
	if (!error && ct_registry_l4(tbl, CT_IPPROTO_TCP) == &ct_tcp_ops)
		error = ct_half_seal(tbl);
	if (!error)
		error = ct_slab_init(&tbl->slab, &tbl->mem, tbl->max_conns,
				     tbl->extend.conn_units,
				     tbl->extend.block_units);
	tbl->slab.work = tbl->work;
	if (!error)
		error = ct_thread_make(tbl, &tbl->control);
	if (error) {
		ct_slab_fini(&tbl->slab);
		return error;
	}
	ct_trackers_seal(tbl);
	ct_predict_seal(tbl);
	/* release; pairs with the acquire of whoever asks */
	atomic_store_explicit(&tbl->sealed, true, memory_order_release);
	return 0;
}

/* Destructors of what is still there; nobody looks any more. */
static void end_conns(struct ct_table *tbl)
{
	uint32_t unit;

	if (!tbl->control)
		return;
	for (unit = ct_slab_next_conn(&tbl->slab, 0); unit;
	     unit = ct_slab_next_conn(&tbl->slab,
				      unit + tbl->extend.conn_units)) {
		struct ct_conn *conn = ct_conn_at(tbl, unit);

		if (ct_conn_word(conn))
			ct_conn_free(tbl->control, conn);
	}
}

void ct_table_destroy(struct ct_table *tbl)
{
	struct ct_mem mem;

	if (!tbl)
		return;
	tbl->helpers.ending = true;
	end_conns(tbl);
	ct_thread_free(tbl->control);
	ct_events_fini(tbl);
	ct_helpers_fini(tbl);
	ct_policies_fini(tbl);
	ct_buckets_fini(tbl);
	ct_pools_fini(tbl);
	ct_outsides_fini(tbl);
	ct_mappings_fini(tbl);
	ct_expects_fini(tbl);
	ct_peer_ids_fini(tbl);
	ct_frags_fini(tbl);
	ct_limits_fini(tbl);
	ct_prefixes_fini(tbl);
	ct_ghosts_free(tbl);
	ct_share_free(tbl);
	ct_half_fini(tbl);
	ct_ledger_free(tbl);
	ct_talkers_free(tbl);
	ct_probes_free(tbl);
	ct_slab_fini(&tbl->slab);

	/* The table counts its own bytes; they go last. */
	mem = tbl->mem;
	ct_mem_free(&mem, tbl, sizeof(*tbl));
}
