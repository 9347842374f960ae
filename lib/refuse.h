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

/*
 * The same for a client that was answered in its server's place.
 *
 * => It is dropped, or rejected: without a connection nobody would make its
 *    numbers those of the server.  If it is dropped it may come again, as long as
 *    its cookie is good.
 */
enum ct_verdict ct_refuse_proxied(struct ct_thread *thr, struct ct_pkt *pkt,
				  enum ct_reason reason);

/*
 * An ICMP error quotes a packet of no connection.
 *
 * => The packet may have passed by a prefix; answer is the tuple that it would be
 *    answered with.
 */
bool ct_refuse_relates(struct ct_thread *thr, const struct ct_tuple *answer);

/* Forget the prefixes that are translated without state. */
void ct_prefixes_fini(struct ct_table *tbl);

#endif /* REFUSE_H */
