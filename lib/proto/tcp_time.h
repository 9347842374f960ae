/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a TCP connection may be silent.
 */
#ifndef CT_PROTO_TCP_TIME_H
#define CT_PROTO_TCP_TIME_H

#include "core/table.h"
#include "proto/tcp.h"
#include "wire/hdr.h"

/* Indices of the tracker's params. */
enum ct_tcp_param {
	CT_TCP_T_SYN_SENT,
	CT_TCP_T_SYN_RECV,
	CT_TCP_T_ESTABLISHED,
	CT_TCP_T_FIN_WAIT,
	CT_TCP_T_CLOSE_WAIT,
	CT_TCP_T_LAST_ACK,
	CT_TCP_T_TIME_WAIT,
	CT_TCP_T_CLOSE,
	CT_TCP_T_SYN_SENT2,
	CT_TCP_T_MAX_RETRANS,
	CT_TCP_T_UNACKNOWLEDGED,
	CT_TCP_P_LOOSE,
	CT_TCP_P_BE_LIBERAL,
	CT_TCP_P_IGNORE_INVALID_RST,
	CT_TCP_P_MAX_RETRANS,
	CT_TCP_PARAMS
};

static inline const struct ct_tcp *ct_tcp_of(const struct ct_conn *conn)
{
	return (const struct ct_tcp *)(const void *)conn->l4_state;
}

/*
 * How long the connection may now be silent.
 *
 * => Inline, for what is known where: the event is the segment's, and timeout
 *    is the parameter of the state that it leads to.
 */
static ct_always_inline uint32_t ct_tcp_lifetime(const struct ct_thread *thr,
						 const struct ct_conn *conn,
						 enum ct_tcp_param timeout,
						 uint8_t event, uint32_t status)
{
	const struct ct_table *tbl = thr->tbl;
	const struct ct_tcp *tcp = ct_tcp_of(conn);
	const size_t base = ct_param_base(tbl, CT_IPPROTO_TCP);
	const uint32_t full = ct_param_at(tbl, conn, base + timeout);
	uint32_t cap = full;

	/* Each cap speaks only if those before it had nothing to say. */
	if (ct_unlikely(tcp->retrans >=
			ct_param_at(tbl, conn, base + CT_TCP_P_MAX_RETRANS)))
		cap = ct_param_at(tbl, conn, base + CT_TCP_T_MAX_RETRANS);
	if (cap >= full && event == CT_TCP_EV_RST)
		return ct_param_at(tbl, conn, base + CT_TCP_T_CLOSE);
	if (cap >= full &&
	    ((tcp->flags[CT_DIR_ORIG] | tcp->flags[CT_DIR_REPLY]) &
	     CT_TCP_F_UNACKED))
		cap = ct_param_at(tbl, conn, base + CT_TCP_T_UNACKNOWLEDGED);
	if (cap >= full && ct_unlikely(tcp->last_win == 0))
		cap = ct_param_at(tbl, conn, base + CT_TCP_T_MAX_RETRANS);
	/* Picked up, and nobody has answered: it may be anything. */
	if (!(status & CT_S_SEEN_REPLY) && timeout == CT_TCP_T_ESTABLISHED) {
		uint32_t unacked =
			ct_param_at(tbl, conn, base + CT_TCP_T_UNACKNOWLEDGED);

		cap = unacked < cap ? unacked : cap;
	}
	return cap < full ? cap : full;
}

/*
 * What ct_tcp_lifetime() says of the next segment of an established connection
 * without a policy, read once for many of them.
 *
 * => The segment is a new one, its window is open.
 */
struct ct_tcp_limits {
	uint32_t full;
	uint32_t unacked; /* while there is data that is unanswered */
};

static inline struct ct_tcp_limits ct_tcp_limits(const struct ct_table *tbl)
{
	const size_t base = ct_param_base(tbl, CT_IPPROTO_TCP);
	uint32_t full = ct_param_at(tbl, NULL, base + CT_TCP_T_ESTABLISHED);
	uint32_t unacked =
		ct_param_at(tbl, NULL, base + CT_TCP_T_UNACKNOWLEDGED);

	return (struct ct_tcp_limits){ full, unacked < full ? unacked : full };
}

/* => Even a segment that is new counts as repeated too often. */
static inline bool ct_tcp_impatient(const struct ct_table *tbl)
{
	const size_t base = ct_param_base(tbl, CT_IPPROTO_TCP);

	return !ct_param_at(tbl, NULL, base + CT_TCP_P_MAX_RETRANS);
}

/* => What ct_tcp_lifetime() says of that segment, whatever there is to it. */
uint32_t ct_tcp_lifetime_established(const struct ct_thread *thr,
				     const struct ct_conn *conn);

#endif
