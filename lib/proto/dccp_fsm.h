/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of DCCP: which state follows which packet.  Pure.
 */
#ifndef CT_PROTO_DCCP_FSM_H
#define CT_PROTO_DCCP_FSM_H

#include "proto/dccp.h"

/* What a cell may say besides a state. */
enum {
	CT_DCCP_IGNORE = CT_DCCP_STATES, /* let it pass, believe nothing */
	CT_DCCP_INVALID,                 /* not part of this connection */
	CT_DCCP_REOPEN                   /* a new connection on its tuple */
};

/* => A state to go to, or one of the above. */
uint8_t ct_dccp_fsm_next(enum ct_dccp_role role, enum ct_dccp_type type,
			 enum ct_dccp_state state);

/*
 * Names, for people and for the comparison with docs/dccp.md.
 *
 * => Constants; "?" for a number that is none.  State names are those of
 *    conntrack(8), type names those of RFC 4340.
 */
const char *ct_dccp_state_name(unsigned state);
const char *ct_dccp_type_name(unsigned type);

#endif
