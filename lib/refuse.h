/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refuse.h - what happens to a newcomer for which there is no room
 */
#ifndef REFUSE_H
#define REFUSE_H

#include "core/table.h"

/* Answer it, with the verdict that its policy or the table has for it. */
enum ct_verdict ct_refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			  enum ct_reason reason);

/* Forget the prefixes that are translated without state. */
void ct_prefixes_fini(struct ct_table *tbl);

#endif /* REFUSE_H */
