/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peers.c - see peers.h
 */
#include "peers.h"

const struct peer *const peers[] = {
#ifdef BENCH_LFHT
	&peer_lfht,
#endif
#ifdef BENCH_RTE
	&peer_rte,
#endif
	NULL,
};
