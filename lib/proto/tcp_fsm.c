/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of TCP; docs/tcp.md has the same one, and a test compares them cell
 * by cell.
 *
 *	NO  nothing yet                    SS  a SYN
 *	S2  a SYN from each end            SR  a SYN and its SYN/ACK
 *	ES  ... and the ACK                FW  a FIN
 *	CW  a FIN and an ACK behind it     LA  two FINs
 *	TW  two FINs and an ACK            CL  a RST
 *	IG  let it pass, believe nothing   IV  not part of the connection
 *
 * Numbers at the rows point to the notes below.
 */
#include "proto/tcp_fsm.h"

enum {
	NO = CT_TCP_NONE,
	SS = CT_TCP_SYN_SENT,
	SR = CT_TCP_SYN_RECV,
	ES = CT_TCP_ESTABLISHED,
	FW = CT_TCP_FIN_WAIT,
	CW = CT_TCP_CLOSE_WAIT,
	LA = CT_TCP_LAST_ACK,
	TW = CT_TCP_TIME_WAIT,
	CL = CT_TCP_CLOSE,
	S2 = CT_TCP_SYN_SENT2,
	IG = CT_TCP_IGNORE,
	IV = CT_TCP_INVALID
};

/* clang-format off */
#define ROW(no, ss, s2, sr, es, fw, cw, la, tw, cl) \
	{ [NO] = no, [SS] = ss, [S2] = s2, [SR] = sr, [ES] = es, \
	  [FW] = fw, [CW] = cw, [LA] = la, [TW] = tw, [CL] = cl }

static const uint8_t next[CT_DIR_MAX][CT_TCP_EVENTS][CT_TCP_STATES] = {
	[CT_DIR_ORIG] = {     /* NO  SS  S2  SR  ES  FW  CW  LA  TW  CL */
	[CT_TCP_EV_SYN]	   = ROW(SS, SS, S2, IG, IG, IG, IG, IG, SS, SS), /* 1 */
	[CT_TCP_EV_SYNACK] = ROW(IV, IV, SR, SR, IV, IV, IV, IV, IV, IV), /* 2 */
	[CT_TCP_EV_FIN]	   = ROW(IV, IV, IV, FW, FW, LA, LA, LA, TW, CL), /* 3 */
	[CT_TCP_EV_ACK]	   = ROW(ES, IV, IV, ES, ES, CW, CW, TW, TW, CL), /* 4 */
	[CT_TCP_EV_RST]	   = ROW(IV, CL, CL, CL, CL, CL, CL, CL, CL, CL), /* 5 */
	},
	[CT_DIR_REPLY] = {    /* NO  SS  S2  SR  ES  FW  CW  LA  TW  CL */
	[CT_TCP_EV_SYN]	   = ROW(IV, S2, S2, IV, IV, IV, IV, IV, SS, IV), /* 6 */
	[CT_TCP_EV_SYNACK] = ROW(IV, SR, SR, IG, IG, IG, IG, IG, IG, IG), /* 7 */
	[CT_TCP_EV_FIN]	   = ROW(IV, IV, IV, FW, FW, LA, LA, LA, TW, CL), /* 3 */
	[CT_TCP_EV_ACK]	   = ROW(IV, IG, IG, SR, ES, CW, CW, TW, TW, CL), /* 8 */
	[CT_TCP_EV_RST]	   = ROW(IV, CL, CL, CL, CL, CL, CL, CL, CL, CL), /* 5 */
	},
};
/* clang-format on */

/*
 * 1  Into an open connection a SYN may be a mistake, an attack, or a new
 *    beginning by an end that lost its memory.  Its answer tells which: a
 *    challenge ACK (RFC 5961, 4.2), or a SYN/ACK; see answer_to_passed_syn.
 *    TW, CL -> SS: a new connection on the same tuple; see reopen_finished.
 * 2  The originator answers with a SYN/ACK only when both ends opened.
 * 3  One FIN is FIN_WAIT, whoever sent it; the second one is LAST_ACK, even
 *    if it is the first one again: we do not count who closed what.  There is
 *    no FIN without a handshake before it.
 * 4  NO -> ES: we came too late for the handshake; tcp.loose decides.  SS: an
 *    ACK of nothing.  FW -> CW: an ACK of either end, for the same reason as
 *    in 3.
 * 5  What number a RST must have, and what it does, is up to the rst_* rules.
 * 6  In SS it crosses ours: simultaneous open (RFC 9293, 3.5).  TW -> SS: the
 *    roles may change in the new connection; after a RST they may not.
 * 7  A SYN/ACK again: ours was lost behind us, or it answers a SYN of 1.
 * 8  SS, S2: the responder remembers another connection and challenges our SYN
 *    (RFC 5961, 4.2).  SR: data may come before the last ACK has passed us.
 */

uint8_t ct_tcp_fsm_next(enum ct_dir dir, enum ct_tcp_event event,
			enum ct_tcp_state state)
{
	return next[dir][event][state];
}

const char *ct_tcp_state_name(unsigned state)
{
	static const char *const names[CT_TCP_STATES] = {
		[NO] = "NONE",        [SS] = "SYN_SENT",  [SR] = "SYN_RECV",
		[ES] = "ESTABLISHED", [FW] = "FIN_WAIT",  [CW] = "CLOSE_WAIT",
		[LA] = "LAST_ACK",    [TW] = "TIME_WAIT", [CL] = "CLOSE",
		[S2] = "SYN_SENT2",
	};

	return state < CT_TCP_STATES ? names[state] : "?";
}

const char *ct_tcp_event_name(unsigned event)
{
	static const char *const names[CT_TCP_EVENTS] = {
		[CT_TCP_EV_SYN] = "SYN", [CT_TCP_EV_SYNACK] = "SYN/ACK",
		[CT_TCP_EV_FIN] = "FIN", [CT_TCP_EV_ACK] = "ACK",
		[CT_TCP_EV_RST] = "RST",
	};

	return event < CT_TCP_EVENTS ? names[event] : "?";
}
