/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid of DCCP; docs/dccp.md has the same one, and a test compares them
 * cell by cell.
 *
 *	NO  nothing yet                    LI  a Listen
 *	RQ  a Request                      RS  ... and its Response
 *	PO  ... and an Ack of that         OP  ... and the server went on
 *	CR  a CloseReq                     CG  a Close
 *	TW  a Reset
 *	IG  let it pass, believe nothing   IV  not part of the connection
 *	RE  the old one is over: this begins a new one
 *
 * Numbers at the rows point to the notes below.
 */
#include "proto/dccp_fsm.h"

enum {
	NO = CT_DCCP_NONE,
	RQ = CT_DCCP_REQUEST,
	RS = CT_DCCP_RESPOND,
	PO = CT_DCCP_PARTOPEN,
	OP = CT_DCCP_OPEN,
	CR = CT_DCCP_CLOSEREQ,
	CG = CT_DCCP_CLOSING,
	TW = CT_DCCP_TIMEWAIT,
	LI = CT_DCCP_LISTEN,
	IG = CT_DCCP_IGNORE,
	IV = CT_DCCP_INVALID,
	RE = CT_DCCP_REOPEN
};

/* clang-format off */
#define ROW(no, li, rq, rs, po, op, cr, cg, tw) \
	{ [NO] = no, [LI] = li, [RQ] = rq, [RS] = rs, [PO] = po, \
	  [OP] = op, [CR] = cr, [CG] = cg, [TW] = tw }

static const uint8_t next[CT_DCCP_ROLES][CT_DCCP_TYPES][CT_DCCP_STATES] = {
	[CT_DCCP_CLIENT] = {        /* NO  LI  RQ  RS  PO  OP  CR  CG  TW */
	[CT_DCCP_T_REQUEST]  = ROW(RQ, RQ, RQ, RS, IG, IG, IG, IG, RE), /* 1 */
	[CT_DCCP_T_RESPONSE] = ROW(IV, IV, IV, IV, IV, IV, IV, IV, IV),
	[CT_DCCP_T_DATA]     = ROW(OP, IV, IV, IG, PO, OP, CR, CG, IG), /* 2 3 */
	[CT_DCCP_T_ACK]      = ROW(OP, IV, IV, PO, PO, OP, CR, CG, IG), /* 2 */
	[CT_DCCP_T_DATAACK]  = ROW(OP, IV, IV, PO, PO, OP, CR, CG, IG), /* 2 */
	[CT_DCCP_T_CLOSEREQ] = ROW(IV, IV, IV, IV, IV, IV, IV, IV, IV), /* 4 */
	[CT_DCCP_T_CLOSE]    = ROW(IV, IV, IV, CG, CG, CG, CG, CG, IG),
	[CT_DCCP_T_RESET]    = ROW(IV, IV, TW, TW, TW, TW, TW, TW, TW),
	[CT_DCCP_T_SYNC]     = ROW(IV, IV, IG, IG, PO, OP, CR, CG, IG), /* 5 */
	[CT_DCCP_T_SYNCACK]  = ROW(IV, IV, IG, IG, PO, OP, CR, CG, IG),
	[CT_DCCP_T_LISTEN]   = ROW(IV, IV, IV, IV, IV, IV, IV, IV, RE),
	},
	[CT_DCCP_SERVER] = {        /* NO  LI  RQ  RS  PO  OP  CR  CG  TW */
	[CT_DCCP_T_REQUEST]  = ROW(IV, IV, IV, IV, IV, IV, IV, IV, RE), /* 1 */
	[CT_DCCP_T_RESPONSE] = ROW(IV, IV, RS, RS, IG, IG, IG, IG, IG), /* 6 */
	[CT_DCCP_T_DATA]     = ROW(IV, IV, IV, IG, OP, OP, CR, CG, IG), /* 7 */
	[CT_DCCP_T_ACK]      = ROW(IV, IV, IV, IG, OP, OP, CR, CG, IG), /* 7 */
	[CT_DCCP_T_DATAACK]  = ROW(IV, IV, IV, IG, OP, OP, CR, CG, IG), /* 7 */
	[CT_DCCP_T_CLOSEREQ] = ROW(IV, IV, IV, IV, CR, CR, CR, CG, IG), /* 4 */
	[CT_DCCP_T_CLOSE]    = ROW(IV, IV, IV, CG, CG, CG, CG, CG, IG),
	[CT_DCCP_T_RESET]    = ROW(IV, TW, TW, TW, TW, TW, TW, TW, TW),
	[CT_DCCP_T_SYNC]     = ROW(IV, IV, IG, IG, PO, OP, CR, CG, IG), /* 5 */
	[CT_DCCP_T_SYNCACK]  = ROW(IV, IV, IG, IG, OP, OP, CR, CG, IG), /* 7 */
	[CT_DCCP_T_LISTEN]   = ROW(LI, LI, RQ, IG, IG, IG, IG, IG, RE), /* 8 */
	},
};
/* clang-format on */

/*
 * 1  A Request that is sent again has a new number (RFC 4340 8.1.1); a Response
 *    to it may have been lost behind us.  In an open connection it is an old
 *    one, or the client has forgotten all: the server asks with a Sync (7.5.4).
 *    TW: either end may begin anew, and be the client now.
 * 2  NO -> OP: we came too late for the handshake; dccp.loose decides.
 * 3  RS: the client acknowledges until it knows that the server did (8.1.5), so
 *    it knows more than we.
 * 4  Only a server asks to close (8.3); a client closes.
 * 5  RQ: a server that remembers another connection asks the client, who
 *    answers with a Reset (7.5.4).
 * 6  Sent again; ours was lost behind us.
 * 7  PO -> OP: anything but a Response, a Sync and a Reset tells the client that
 *    its Ack has arrived (8.1.5).
 * 8  RFC 5596: to open the way through translators.  RQ: they crossed.
 */

uint8_t ct_dccp_fsm_next(enum ct_dccp_role role, enum ct_dccp_type type,
			 enum ct_dccp_state state)
{
	return next[role][type][state];
}

const char *ct_dccp_state_name(unsigned state)
{
	static const char *const names[CT_DCCP_STATES] = {
		[NO] = "NONE",     [RQ] = "REQUEST",  [RS] = "RESPOND",
		[PO] = "PARTOPEN", [OP] = "OPEN",     [CR] = "CLOSEREQ",
		[CG] = "CLOSING",  [TW] = "TIMEWAIT", [LI] = "LISTEN",
	};

	return state < CT_DCCP_STATES ? names[state] : "?";
}

const char *ct_dccp_type_name(unsigned type)
{
	static const char *const names[CT_DCCP_TYPES] = {
		[CT_DCCP_T_REQUEST] = "Request",
		[CT_DCCP_T_RESPONSE] = "Response",
		[CT_DCCP_T_DATA] = "Data",
		[CT_DCCP_T_ACK] = "Ack",
		[CT_DCCP_T_DATAACK] = "DataAck",
		[CT_DCCP_T_CLOSEREQ] = "CloseReq",
		[CT_DCCP_T_CLOSE] = "Close",
		[CT_DCCP_T_RESET] = "Reset",
		[CT_DCCP_T_SYNC] = "Sync",
		[CT_DCCP_T_SYNCACK] = "SyncAck",
		[CT_DCCP_T_LISTEN] = "Listen",
	};

	return type < CT_DCCP_TYPES ? names[type] : "?";
}
