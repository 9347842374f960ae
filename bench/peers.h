/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peers.h - hash tables beside ours, behind one interface
 *
 * Each holds the same keys: both tuples of every flow.  A look-up that hits
 * reads the entry, as a tracker would, so that nobody is spared that line.
 */
#ifndef PEERS_H
#define PEERS_H

#include <conntrack/types.h>

struct peer {
	const char *name;
	/* => NULL when it cannot be had: no memory, no rights. */
	void *(*open)(uint32_t n_keys);
	/* Key number i; => 0, or -1 when there is no room. */
	int (*add)(void *self, const struct ct_tuple *key, uint32_t i);
	/* => How many of n keys are there. */
	unsigned (*look)(void *self, const struct ct_tuple *key, unsigned n);
	/* Around a round of look-ups, on its thread. */
	void (*enter)(void *self);
	void (*leave)(void *self);
	void (*close)(void *self);
};

/* The peers that were found when this was built; ends with NULL. */
extern const struct peer *const peers[];

extern const struct peer peer_lfht;
extern const struct peer peer_rte;

#endif /* PEERS_H */
