/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * static.h - mappings that somebody asked for, with a lifetime
 *
 * What a PCP or UPnP server needs (RFC 6887).  A static mapping is one of the
 * pool's that lives without connections, and an entry in the pool's list that
 * says until when.  Few, so a list will do.
 */
#ifndef NAT_STATIC_H
#define NAT_STATIC_H

#include "nat/binding.h"

struct ct_static {
	struct ct_static *next;
	struct ct_nat_static is; /* as the host asked for it */
	struct ct_binding_ref ref;
	uint32_t address; /* number */
	uint32_t until;   /* tick; CT_TICKS_NEVER: for ever */
};

/* At poll: those whose time is up end. */
void ct_statics_expire(struct ct_thread *thr);

/* => Ticks until the next of them ends; INT32_MAX: none will. */
int32_t ct_statics_next(const struct ct_table *tbl, uint32_t now);

/* Those of an address end. */
void ct_statics_drop(struct ct_thread *thr, struct ct_nat_pool *pool,
		     uint32_t address);

void ct_statics_fini(struct ct_nat_pool *pool);

#endif /* NAT_STATIC_H */
