/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of DCCP; see dccp_seq.h and docs/dccp.md.
 */
#include "proto/dccp_seq.h"

enum { LONG_BITS = 48, BRIEF_BITS = 24 };

/* How far a is beyond b, modulo 2^bits. */
static int64_t beyond(uint64_t a, uint64_t b, unsigned bits)
{
	const unsigned spare = 64 - bits;

	return (int64_t)((a - b) << spare) >> spare;
}

static int64_t after(uint64_t a, uint64_t b)
{
	return beyond(a, b, LONG_BITS);
}

static bool is_known(const struct ct_dccp *dccp, enum ct_dir dir)
{
	return dccp->known >> dir & 1;
}

static enum ct_dir other(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
}

static uint64_t extend(const struct ct_dccp *dccp, enum ct_dir dir,
		       uint64_t number)
{
	const uint64_t near = dccp->ends[dir].greatest;
	const uint64_t mask = (UINT64_C(1) << LONG_BITS) - 1;

	if (!is_known(dccp, dir))
		return number;
	return (near + (uint64_t)beyond(number, near, BRIEF_BITS)) & mask;
}

void ct_dccp_seq_extend(const struct ct_dccp *dccp, enum ct_dir dir,
			struct ct_dccp_pkt *pkt)
{
	if (!pkt->brief)
		return;
	pkt->seq = extend(dccp, dir, pkt->seq);
	if (pkt->has_ack)
		pkt->ack = extend(dccp, other(dir), pkt->ack);
}

/* The receiver of an acknowledgement has sent that packet. */
static enum ct_dccp_bound judge_ack(const struct ct_dccp_end *sent,
				    uint64_t ack, uint32_t window)
{
	int64_t ahead = after(ack, sent->greatest);

	if (ahead > 0 || after(ack, sent->first) < 0)
		return CT_DCCP_UNSENT;
	return ahead < -(int64_t)window ? CT_DCCP_OLD : CT_DCCP_FITS;
}

/*
 * RFC 4340 7.5.1.  A Sync is there to bridge a gap, so it may come from beyond;
 * its acknowledgement must be right.  What ends a connection is the sender's
 * last word, and has a new number; but who knows no connection resets from 0
 * (8.3.1).
 */
static enum ct_dccp_bound judge_seq(const struct ct_dccp_end *end,
				    const struct ct_dccp_pkt *pkt,
				    uint32_t window)
{
	int64_t ahead = after(pkt->seq, end->greatest);

	switch ((enum ct_dccp_type)pkt->type) {
	case CT_DCCP_T_RESET:
		if (pkt->seq == 0)
			return CT_DCCP_FITS;
		if (ahead <= 0)
			return CT_DCCP_STALE;
		break;
	case CT_DCCP_T_CLOSE:
	case CT_DCCP_T_CLOSEREQ:
		if (ahead <= 0)
			return CT_DCCP_OLD;
		break;
	case CT_DCCP_T_SYNC:
	case CT_DCCP_T_SYNCACK:
		return ahead < -(int64_t)window ? CT_DCCP_OLD : CT_DCCP_FITS;
	default:
		break;
	}
	if (ahead > (int64_t)window)
		return CT_DCCP_BEYOND;
	return ahead < -(int64_t)window ? CT_DCCP_OLD : CT_DCCP_FITS;
}

enum ct_dccp_bound ct_dccp_seq_judge(const struct ct_dccp *dccp,
				     enum ct_dir dir,
				     const struct ct_dccp_pkt *pkt,
				     uint32_t window)
{
	enum ct_dccp_bound bound = CT_DCCP_FITS;

	if (pkt->type == CT_DCCP_T_LISTEN) /* it has none (RFC 5596 2.2.1) */
		return CT_DCCP_FITS;
	if (pkt->has_ack && is_known(dccp, other(dir)))
		bound = judge_ack(&dccp->ends[other(dir)], pkt->ack, window);
	if (bound == CT_DCCP_FITS && is_known(dccp, dir))
		bound = judge_seq(&dccp->ends[dir], pkt, window);
	return bound;
}

void ct_dccp_seq_learn(struct ct_dccp *dccp, enum ct_dir dir,
		       const struct ct_dccp_pkt *pkt)
{
	struct ct_dccp_end *end = &dccp->ends[dir];

	if (pkt->type == CT_DCCP_T_LISTEN || pkt->type == CT_DCCP_T_RESET)
		return;
	if (!is_known(dccp, dir)) {
		end->first = pkt->seq;
		end->greatest = pkt->seq;
		dccp->known |= (uint8_t)(1u << dir);
	} else if (after(pkt->seq, end->greatest) > 0) {
		end->greatest = pkt->seq;
	}
}
