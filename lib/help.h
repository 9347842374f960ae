/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help.h - running a packet's helper
 */
#ifndef HELP_H
#define HELP_H

#include "core/help.h"

/* One call of a helper: what ct_speech.priv[0] leads to. */
struct ct_help_call {
	struct ct_pkt *pkt;
	uint8_t *joined;  /* the speech's bytes in the view's memory, or NULL */
	uint32_t size;    /* of that */
	uint32_t off;     /* of the speech's own bytes, from pkt->data */
	int32_t grown;    /* bytes that the packet has become longer */
	uint32_t written; /* in the speech: behind the last byte replaced */
	bool too_late;    /* bytes were to be replaced that have left already */
};

/*
 * Helper, then sequence adjustment, of a packet that is about to leave.
 *
 * => Nothing that happens in it has been told yet: ct_help_tell().
 * => CT_DROP with pkt->reason set, and counted.
 */
enum ct_verdict ct_help_run(struct ct_thread *thr, struct ct_pkt *pkt);

#endif /* HELP_H */
