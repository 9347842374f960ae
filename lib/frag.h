/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frag.h - fragments on a packet's way, as process.c needs them
 */
#ifndef FRAG_H
#define FRAG_H

#include "process.h"

/*
 * Whether a packet that was parsed, or not, is a fragment that needs more than
 * its own bytes.
 *
 * => An atomic fragment is one only if it joins others of its identification,
 *    as in Linux and contrary to RFC 6946.
 */
bool ct_frag_concerns(const struct ct_thread *thr, const struct ct_pkt *pkt,
		      const struct ct_l4_ops *parsed);

/* The rest of its way. */
enum ct_verdict ct_frag_way(struct ct_thread *thr, struct ct_pkt *pkt,
			    struct ct_way *way);

#endif /* FRAG_H */
