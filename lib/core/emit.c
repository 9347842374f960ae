/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emit.c - packets of our own, on their way to the host
 */
#include "core/emit.h"

#include "core/table.h"

bool ct_emits(const struct ct_table *tbl)
{
	return tbl->mem.emits;
}

struct ct_pkt ct_emit_pkt(struct ct_built *built, uint16_t zone, uint32_t mark)
{
	return (struct ct_pkt){
		.data = built->bytes,
		.len = built->len,
		.l3 = built->l3,
		.zone = zone,
		.mark = mark,
		.csum = CT_CSUM_VERIFIED,
		.flags = CT_PKT_UNTRACKED,
	};
}

void ct_emit(struct ct_thread *thr, struct ct_built *built, uint16_t zone,
	     uint32_t mark)
{
	const struct ct_host *host = &thr->tbl->mem.host;
	const struct ct_pkt pkt = ct_emit_pkt(built, zone, mark);

	host->emit(host->user, &pkt);
}
