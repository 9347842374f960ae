/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a segment; see tcp_seg.h.
 */
#include "proto/tcp_seg.h"

#include "base/compiler.h"
#include "proto/tcp_window.h"
#include "wire/hdr.h"
#include "wire/tcpopt.h"

void ct_tcp_seg_read_options(const struct ct_pkt *pkt, struct ct_tcp_seg *seg)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	struct ct_tcpopt opt;

	ct_cursor_skip(&cur, CT_TCP_HDR_LEN);
	ct_tcpopt_parse(
		ct_cursor_of(ct_cursor_take(&cur, seg->options), seg->options),
		&opt);
	seg->scale = opt.wscale;
	seg->offers = (uint8_t)((opt.has_wscale ? CT_TCP_F_WINDOW_SCALE : 0) |
				(opt.sack_perm ? CT_TCP_F_SACK_PERM : 0));
	for (unsigned i = 0; i < opt.n_sacks; i++)
		if (ct_seq_after(opt.sacks[i].right, seg->sack))
			seg->sack = opt.sacks[i].right;
	seg->unread = false;
}
