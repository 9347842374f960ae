/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NAT asks of TCP.
 */
#include "proto/tcp_nat.h"

#include "proto/ports.h"
#include "proto/tcp.h"
#include "wire/hdr.h"

/* What an ICMP error quotes at least (RFC 792); Linux asks for it, too. */
enum { QUOTE_MIN = 8 };

/* The checksum lies behind what an error must quote: it stays if it is there
 * not. */
bool ct_tcp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *sum = pkt->data + pkt->l4_off + CT_TCP_SUM_OFF;
	uint64_t diff;

	if (ct_cursor_left(&cur) < QUOTE_MIN)
		return false;
	diff = (uint64_t)how->pseudo + ct_ports_write(pkt, how);
	if (ct_cursor_left(&cur) < CT_TCP_SUM_OFF + sizeof(uint16_t))
		return true;
	if (pkt->csum == CT_CSUM_PARTIAL)
		ct_csum_patch_partial(sum, how->pseudo);
	else
		ct_csum_patch(sum, diff);
	return true;
}

/*
 * One that has been closed makes room for a SYN that its server cannot take
 * for an old segment (RFC 9293 3.6.1): one beyond all that was sent before.
 */
bool ct_tcp_yields(const struct ct_conn *conn, const struct ct_conn *newcomer)
{
	const struct ct_tcp *old = ct_l4_state_const(conn);
	const struct ct_tcp *new = ct_l4_state_const(newcomer);
	unsigned state =
		atomic_load_explicit(&old->state, memory_order_relaxed);

	if (state != CT_TCP_TIME_WAIT && state != CT_TCP_CLOSE)
		return false;
	return (int32_t)(new->ends[CT_DIR_ORIG].end -
			 old->ends[CT_DIR_ORIG].end) > 0;
}
