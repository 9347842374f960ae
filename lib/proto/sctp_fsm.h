/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of SCTP: which state follows which chunk.  Pure.
 */
#ifndef CT_PROTO_SCTP_FSM_H
#define CT_PROTO_SCTP_FSM_H

#include "proto/sctp.h"

/* What a cell may say besides a state. */
enum { CT_SCTP_INVALID = CT_SCTP_STATES };

/* => A state to go to, or CT_SCTP_INVALID. */
uint8_t ct_sctp_fsm_next(enum ct_dir dir, enum ct_sctp_event event,
			 enum ct_sctp_state state);

/*
 * Names, for people and for the comparison with docs/sctp.md.
 *
 * => Constants; "?" for a number that is none.  State names are those of
 *    conntrack(8), chunk names those of RFC 9260.
 */
const char *ct_sctp_state_name(unsigned state);
const char *ct_sctp_event_name(unsigned event);

#endif
