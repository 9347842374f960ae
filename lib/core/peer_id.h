/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_id.h - ids that packets do not tell, as a helper has heard them
 *
 * An enhanced GRE packet names its receiver's call id only.  Its sender's was
 * said in the control connection; here it is kept, so that both directions of
 * a call are one connection:
 *
 *	what a packet tells			what was heard
 *	source, destination, dst_id	------> src_id
 *
 * One lock a chain does for readers and writers, as in mapping.h; an entry is
 * looked at under its chain's lock only, and freed at once.  Who learns an id
 * forgets it; nothing here belongs to a connection.  The heads are made by the
 * first that needs them; without them a reader asks nothing.
 */
#ifndef CORE_PEER_ID_H
#define CORE_PEER_ID_H

#include <conntrack/peer_id.h>
#include <stdatomic.h>

struct ct_peer_ids {
	_Atomic uint32_t *_Atomic heads; /* A  set once */
};

void ct_peer_ids_fini(struct ct_table *tbl);

/* => Bytes of the heads. */
uint64_t ct_peer_ids_bytes(const struct ct_table *tbl);

/* Put the source's id into a packet's tuple, zone included; it stays 0 when
 * nobody has told it. */
void ct_peer_id_find(const struct ct_table *tbl, struct ct_tuple *t);

#endif
