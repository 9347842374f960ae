/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --explain: how one packet was classified, step by step, on standard output.
 *
 * explain_begin() before the packet's ct_process(), explain_end() after its
 * ct_confirm(); the steps in between come from the library.
 */
#ifndef REPLAY_EXPLAIN_H
#define REPLAY_EXPLAIN_H

#include "capture.h"

#include <conntrack/conntrack.h>

/* The packet that is to be explained. */
struct explain {
	uint64_t number; /* counting from 1, through all files */
	const struct capture *cap;
	const struct capture_frame *frame;
};

/* What the link layer said, if it did not lead to an IP packet. */
void explain_link(const struct explain *what, enum link_answer answer);

/* The heading and the link layer; then the library's steps are shown. */
void explain_begin(struct ct_thread *thr, const struct explain *what,
		   const struct link_ip *ip);

/* No more steps; the verdict, and the connection as it is now. */
void explain_end(struct ct_thread *thr, const struct ct_pkt *pkt,
		 enum ct_verdict verdict);

#endif /* REPLAY_EXPLAIN_H */
