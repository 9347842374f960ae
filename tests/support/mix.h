/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random packets of a few flows in any mix, so that a burst of them holds a
 * connection's whole life: opener and successor, reset and reopening, errors
 * about it, rubbish.
 *
 *	struct ct_mix mix;
 *
 *	ct_mix_begin(&mix, seed);
 *	ct_mix_next(&mix, &frame);	... as often as wanted
 *	pkt = ct_mix_pkt(&frame);
 *
 * The flows are of IPv4 and IPv6 in turns; some of them are translated, by a
 * rule that ct_mix_map() is.
 */
#ifndef CT_TEST_MIX_H
#define CT_TEST_MIX_H

#include "packet.h"

#include <stdbool.h>

enum { CT_MIX_FLOWS = 10 /* a protocol */ };

/* To which a rule may say no. */
#define CT_MIX_PORT 81

/* What the next packet of a TCP flow would be, if all went well. */
struct ct_mix_life {
	unsigned step;
	uint32_t base; /* grows with each new connection */
};

struct ct_mix {
	uint64_t random;
	struct ct_mix_life lives[CT_MIX_FLOWS];
};

/* A packet, and what the host knows of it. */
struct ct_mix_frame {
	struct ct_test_packet p;
	uint32_t cut;       /* bytes at its end that are not there */
	uint32_t frame_len; /* as in ct_pkt */
	uint16_t gso_size;
	uint16_t flags;
	uint16_t zone;
	uint8_t csum;
};

void ct_mix_begin(struct ct_mix *mix, uint64_t seed);

/* => Below n. */
unsigned ct_mix_pick(struct ct_mix *mix, unsigned n);

void ct_mix_next(struct ct_mix *mix, struct ct_mix_frame *frame);

/* As a host would hand it over; the bytes are those of p. */
struct ct_pkt ct_mix_pkt(const struct ct_mix_frame *frame,
			 struct ct_test_packet *p);

/*
 * The rule for a new connection: its source, its destination, both or none get
 * an address of the flow's own, some with another port.
 *
 * => CT_DROP when a mapping cannot be had.
 */
enum ct_verdict ct_mix_map(struct ct_thread *thr, struct ct_pkt *pkt);

#endif /* CT_TEST_MIX_H */
