/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nearly every segment is; see predict.h.
 */
#ifndef CT_PROTO_TCP_PREDICT_H
#define CT_PROTO_TCP_PREDICT_H

#include "proto/tcp_bounds.h"
#include "proto/tcp_seg.h"
#include "proto/tcp_time.h"

/*
 * packet(), for a plain segment (tcp_seg.h) of an established connection, into
 * whose window it fits.  The grid says ESTABLISHED, no rule speaks of it, and
 * nothing changes but the numbers and the timeout.
 *
 * => False, and nothing has changed, when there is more to it.
 * => The connection is confirmed, answered, assured and locked.
 * => seconds: its timeout from now on.
 */
static ct_always_inline bool ct_tcp_predict(const struct ct_thread *thr,
					    struct ct_conn *conn,
					    const struct ct_pkt *pkt,
					    uint32_t *seconds)
{
	const enum ct_dir dir = (enum ct_dir)pkt->dir;
	const struct ct_tcp_seg seg = ct_tcp_seg_of(pkt);
	const struct ct_tcp_view v = { seg.seq, seg.end, seg.ack, seg.sack };
	struct ct_tcp *tcp = (struct ct_tcp *)(void *)conn->l4_state;

	if (ct_unlikely(tcp->state != CT_TCP_ESTABLISHED ||
			!tcp->ends[dir].max_win ||
			ct_tcp_compare(&tcp->ends[dir], &tcp->ends[dir ^ 1],
				       &v) != CT_TCP_FITS))
		return false;
	ct_tcp_update(tcp, dir, &v, (uint32_t)seg.win << tcp->scale[dir], true);
	ct_tcp_count_again(tcp, dir, &seg, &v);
	tcp->last_event = CT_TCP_EV_ACK;
	*seconds = ct_tcp_lifetime(thr, conn, CT_TCP_T_ESTABLISHED,
				   CT_TCP_EV_ACK, CT_S_SEEN_REPLY);
	return true;
}

#endif
