/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence and acknowledgement numbers of DCCP: which may be (RFC 4340 7.5)?
 *
 * A packet has a number, not an octet.  The ends agree on how far one may be
 * from another (feature Sequence Window); here parameter dccp.window says it.
 */
#ifndef CT_PROTO_DCCP_SEQ_H
#define CT_PROTO_DCCP_SEQ_H

#include "proto/dccp_hdr.h"

enum ct_dccp_bound {
	CT_DCCP_FITS,
	CT_DCCP_OLD,    /* below what the receiver waits for */
	CT_DCCP_BEYOND, /* above the window */
	CT_DCCP_UNSENT, /* acknowledges what was never sent */
	CT_DCCP_STALE   /* a Reset that does not follow */
};

/*
 * Put the upper bits to numbers that have only the lower ones (RFC 4340 7.6).
 *
 * => They are those nearest to the greatest known.
 */
void ct_dccp_seq_extend(const struct ct_dccp *dccp, enum ct_dir dir,
			struct ct_dccp_pkt *pkt);

/* Whether a packet's numbers may be; ends that are not known yet are silent. */
enum ct_dccp_bound ct_dccp_seq_judge(const struct ct_dccp *dccp,
				     enum ct_dir dir,
				     const struct ct_dccp_pkt *pkt,
				     uint32_t window);

/* Learn from a packet that is believed. */
void ct_dccp_seq_learn(struct ct_dccp *dccp, enum ct_dir dir,
		       const struct ct_dccp_pkt *pkt);

#endif
