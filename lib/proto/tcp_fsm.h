/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of TCP: which state follows which segment.  Pure.
 */
#ifndef CT_PROTO_TCP_FSM_H
#define CT_PROTO_TCP_FSM_H

#include "proto/tcp.h"

/* What a cell may say besides a state. */
enum {
	CT_TCP_IGNORE = CT_TCP_STATES, /* let it pass, believe nothing */
	CT_TCP_INVALID                 /* not part of this connection */
};

/*
 * The cell for a segment.
 *
 * => A state to go to, CT_TCP_IGNORE or CT_TCP_INVALID.  The guard list may
 *    know better.
 */
uint8_t ct_tcp_fsm_next(enum ct_dir dir, enum ct_tcp_event event,
			enum ct_tcp_state state);

/*
 * Names, for people and for the comparison with docs/tcp.md.
 *
 * => Constants; "?" for a number that is none.  State names are those of
 *    conntrack(8).
 */
const char *ct_tcp_state_name(unsigned state);
const char *ct_tcp_event_name(unsigned event);

#endif
