/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.c - what a tracker may call besides a connection: checksums and traces
 */
#include "core/table.h"
#include "wire/csum.h"

#include <stdarg.h>
#include <stdio.h>

bool ct_csum_good(const struct ct_thread *thr, const struct ct_pkt *pkt,
		  uint32_t cover)
{
	const struct ct_l3_ops *l3;
	struct ct_cursor cur;
	uint32_t sum;

	if (pkt->csum == CT_CSUM_VERIFIED || pkt->csum == CT_CSUM_PARTIAL ||
	    (pkt->flags & CT_PKT_FIRST) ||
	    !ct_core_param(thr->tbl, CT_P_CHECKSUM))
		return true;
	if (pkt->csum == CT_CSUM_BAD)
		return false;
	l3 = ct_registry_l3(thr->tbl, pkt->l3);
	cur = ct_l4_cursor(pkt);
	/* What is not all there cannot be found wrong. */
	if (cover > pkt->l4_len || ct_cursor_left(&cur) < cover)
		return true;
	sum = l3->pseudo_sum(pkt, pkt->l4, pkt->l4_len);
	return ct_csum_fold(ct_csum_add(sum, cur.at, cover)) == 0;
}

bool ct_sum_patch(struct ct_pkt *pkt, uint32_t off, uint32_t pseudo,
		  uint32_t bytes)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *field = pkt->data + pkt->l4_off + off;

	if (ct_cursor_left(&cur) < off + sizeof(uint16_t))
		return false;
	if (pkt->csum == CT_CSUM_PARTIAL)
		ct_csum_patch_partial(field, pseudo);
	else
		ct_csum_patch(field, (uint64_t)pseudo + bytes);
	return true;
}

bool ct_tracing(const struct ct_thread *thr)
{
	return ct_unlikely(thr->trace != NULL);
}

void ct_trace(const struct ct_thread *thr, const char *step, const char *fmt,
	      ...)
{
	char text[256];
	va_list args;

	if (!ct_tracing(thr))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	thr->trace(thr->trace_user, step, text);
}
