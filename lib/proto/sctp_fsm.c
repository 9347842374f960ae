/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of SCTP; docs/sctp.md has the same one, and a test compares them
 * cell by cell.
 *
 *	NO  nothing yet                     CL  an INIT, or the end
 *	CW  ... and its INIT ACK            CE  ... and a COOKIE ECHO
 *	ES  ... and its COOKIE ACK          SS  a SHUTDOWN of the originator
 *	SR  a SHUTDOWN of the responder     SA  a SHUTDOWN ACK
 *	HS  a HEARTBEAT without any of it   IV  not part of the association
 *
 * Numbers at the rows point to the notes below.
 */
#include "proto/sctp_fsm.h"

enum {
	NO = CT_SCTP_NONE,
	CL = CT_SCTP_CLOSED,
	CW = CT_SCTP_COOKIE_WAIT,
	CE = CT_SCTP_COOKIE_ECHOED,
	ES = CT_SCTP_ESTABLISHED,
	SS = CT_SCTP_SHUTDOWN_SENT,
	SR = CT_SCTP_SHUTDOWN_RECD,
	SA = CT_SCTP_SHUTDOWN_ACK_SENT,
	HS = CT_SCTP_HEARTBEAT_SENT,
	IV = CT_SCTP_INVALID
};

/* clang-format off */
#define ROW(no, cl, cw, ce, es, ss, sr, sa, hs) \
	{ [NO] = no, [CL] = cl, [CW] = cw, [CE] = ce, [ES] = es, \
	  [SS] = ss, [SR] = sr, [SA] = sa, [HS] = hs }

static const uint8_t next[CT_DIR_MAX][CT_SCTP_EVENTS][CT_SCTP_STATES] = {
	[CT_DIR_ORIG] = {                /* NO  CL  CW  CE  ES  SS  SR  SA  HS */
	[CT_SCTP_EV_INIT]          = ROW(CL, CL, CW, CE, ES, CL, CL, SA, CW), /* 1 */
	[CT_SCTP_EV_INIT_ACK]      = ROW(CL, CL, CW, CE, ES, SS, SR, SA, CL), /* 2 */
	[CT_SCTP_EV_COOKIE_ECHO]   = ROW(CL, CL, CE, CE, ES, SS, SR, SA, CL), /* 2 */
	[CT_SCTP_EV_COOKIE_ACK]    = ROW(IV, CL, CW, ES, ES, SS, SR, SA, CL), /* 3 */
	[CT_SCTP_EV_DATA]          = ROW(IV, CL, CW, CE, ES, SS, SR, SA, HS),
	[CT_SCTP_EV_HEARTBEAT]     = ROW(HS, CL, CW, CE, ES, SS, SR, SA, HS), /* 4 */
	[CT_SCTP_EV_HEARTBEAT_ACK] = ROW(CL, CL, CW, CE, ES, SS, SR, SA, HS), /* 4 */
	[CT_SCTP_EV_ERROR]         = ROW(CL, CL, CW, CE, ES, SS, SR, SA, CL), /* 2 */
	[CT_SCTP_EV_ABORT]         = ROW(IV, CL, CL, CL, CL, CL, CL, CL, CL),
	[CT_SCTP_EV_SHUTDOWN]      = ROW(CL, CL, CW, CE, SS, SS, SR, SA, CL), /* 2 */
	[CT_SCTP_EV_SHUTDOWN_ACK]  = ROW(SA, CL, CW, CE, ES, SA, SA, SA, SA), /* 5 */
	[CT_SCTP_EV_SHUTDOWN_COMPLETE]
				   = ROW(IV, CL, CW, CE, ES, SS, SR, CL, CL),
	[CT_SCTP_EV_OTHER]         = ROW(IV, CL, CW, CE, ES, SS, SR, SA, HS),
	},
	[CT_DIR_REPLY] = {               /* NO  CL  CW  CE  ES  SS  SR  SA  HS */
	[CT_SCTP_EV_INIT]          = ROW(IV, CL, CW, CE, ES, SS, SR, SA, IV), /* 1 */
	[CT_SCTP_EV_INIT_ACK]      = ROW(IV, CW, CW, CE, ES, SS, SR, SA, IV),
	[CT_SCTP_EV_COOKIE_ECHO]   = ROW(IV, CL, CE, CE, ES, SS, SR, SA, IV), /* 3 */
	[CT_SCTP_EV_COOKIE_ACK]    = ROW(IV, CL, CW, ES, ES, SS, SR, SA, IV),
	[CT_SCTP_EV_DATA]          = ROW(IV, CL, CW, CE, ES, SS, SR, SA, HS),
	[CT_SCTP_EV_HEARTBEAT]     = ROW(IV, CL, CW, CE, ES, SS, SR, SA, HS),
	[CT_SCTP_EV_HEARTBEAT_ACK] = ROW(IV, CL, CW, CE, ES, SS, SR, SA, ES), /* 4 */
	[CT_SCTP_EV_ERROR]         = ROW(IV, CL, CW, CL, ES, SS, SR, SA, IV), /* 6 */
	[CT_SCTP_EV_ABORT]         = ROW(IV, CL, CL, CL, CL, CL, CL, CL, IV),
	[CT_SCTP_EV_SHUTDOWN]      = ROW(IV, CL, CW, CE, SR, SS, SR, SA, IV),
	[CT_SCTP_EV_SHUTDOWN_ACK]  = ROW(IV, CL, CW, CE, ES, SA, SA, SA, IV), /* 5 */
	[CT_SCTP_EV_SHUTDOWN_COMPLETE]
				   = ROW(IV, CL, CW, CE, ES, SS, SR, CL, IV),
	[CT_SCTP_EV_OTHER]         = ROW(IV, CL, CW, CE, ES, SS, SR, SA, HS),
	},
};
/* clang-format on */

/*
 * 1  An INIT may come at any time: it is sent again, both ends open at once, or
 *    one end has forgotten all (RFC 9260 5.2).  What it is, its answer tells.
 *    SS, SR -> CL: an end that goes down begins anew.  HS -> CW: it was known
 *    by a HEARTBEAT only; the originator has opened, and an answer may take
 *    another way.
 * 2  NO -> CL: only with a tag of 0, which no end sends: nobody's.
 * 3  When both ends opened, either may be the one that echoes a cookie.
 * 4  A multi-homed end tries another way with a HEARTBEAT (RFC 9260 8.3), and
 *    its answer is as good as a handshake.  An answer alone is not.
 * 5  The peer's memory may be gone, and its SHUTDOWN ACK out of the blue (RFC
 *    9260 8.5.1 E); of an open association it is not believed.
 * 6  The cookie was stale (RFC 9260 5.2.6).
 */

uint8_t ct_sctp_fsm_next(enum ct_dir dir, enum ct_sctp_event event,
			 enum ct_sctp_state state)
{
	return next[dir][event][state];
}

const char *ct_sctp_state_name(unsigned state)
{
	static const char *const names[CT_SCTP_STATES] = {
		[NO] = "NONE",           [CL] = "CLOSED",
		[CW] = "COOKIE_WAIT",    [CE] = "COOKIE_ECHOED",
		[ES] = "ESTABLISHED",    [SS] = "SHUTDOWN_SENT",
		[SR] = "SHUTDOWN_RECD",  [SA] = "SHUTDOWN_ACK_SENT",
		[HS] = "HEARTBEAT_SENT",
	};

	return state < CT_SCTP_STATES ? names[state] : "?";
}

const char *ct_sctp_event_name(unsigned event)
{
	static const char *const names[CT_SCTP_EVENTS] = {
		[CT_SCTP_EV_INIT] = "INIT",
		[CT_SCTP_EV_INIT_ACK] = "INIT ACK",
		[CT_SCTP_EV_COOKIE_ECHO] = "COOKIE ECHO",
		[CT_SCTP_EV_COOKIE_ACK] = "COOKIE ACK",
		[CT_SCTP_EV_DATA] = "DATA",
		[CT_SCTP_EV_HEARTBEAT] = "HEARTBEAT",
		[CT_SCTP_EV_HEARTBEAT_ACK] = "HEARTBEAT ACK",
		[CT_SCTP_EV_ERROR] = "ERROR",
		[CT_SCTP_EV_ABORT] = "ABORT",
		[CT_SCTP_EV_SHUTDOWN] = "SHUTDOWN",
		[CT_SCTP_EV_SHUTDOWN_ACK] = "SHUTDOWN ACK",
		[CT_SCTP_EV_SHUTDOWN_COMPLETE] = "SHUTDOWN COMPLETE",
		[CT_SCTP_EV_OTHER] = "any other",
	};

	return event < CT_SCTP_EVENTS ? names[event] : "?";
}
