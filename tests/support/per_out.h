/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An encoder of aligned PER, by hand: who calls it knows the types.  It shares
 * nothing with the library, and is itself checked against a captured call.
 *
 *	struct ct_per_out out;
 *
 *	ct_per_begin(&out);
 *	ct_per_bits(&out, 0, 1);	... not extended
 *	ct_per_ip4(&out, 0x0a000002, 5000);
 *
 * Then the messages of H.323, as far as tests need them.
 */
#ifndef CT_TEST_PER_OUT_H
#define CT_TEST_PER_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_per_out {
	uint8_t bytes[1024];
	size_t bit; /* next one, from the first byte's highest */
};

void ct_per_begin(struct ct_per_out *out);

/* => Bytes, the last one filled up with zeros. */
size_t ct_per_size(const struct ct_per_out *out);

void ct_per_bits(struct ct_per_out *out, uint32_t value, unsigned n);
void ct_per_align(struct ct_per_out *out);

/* Whole bytes, aligned: a number, and some that are at hand. */
void ct_per_number(struct ct_per_out *out, uint32_t value, unsigned n);
void ct_per_raw(struct ct_per_out *out, const void *bytes, size_t n);

/* How many, below 16384; then so many bytes. */
void ct_per_length(struct ct_per_out *out, size_t n);
void ct_per_octets(struct ct_per_out *out, const void *bytes, size_t n);

/* Another message as octets: an open type, or an octet string. */
void ct_per_open(struct ct_per_out *out, const struct ct_per_out *inner);

/* "there are additions" was said: how many are known, and which are there,
 * the first one in the highest of n bits. */
void ct_per_additions(struct ct_per_out *out, unsigned n, uint32_t there);

/* --- Addresses; the choice is made, host order -------------------------- */

struct ct_per_end4 {
	uint32_t addr; /* 0: not there */
	uint16_t port;
};

/* H.225.0 and H.245 write them differently. */
void ct_per_h225_address(struct ct_per_out *out, struct ct_per_end4 end);
void ct_per_h245_address(struct ct_per_out *out, struct ct_per_end4 end);
void ct_per_h225_address6(struct ct_per_out *out, const uint8_t addr[16],
			  uint16_t port);
void ct_per_h245_address6(struct ct_per_out *out, const uint8_t addr[16],
			  uint16_t port);

/* --- H.245 -------------------------------------------------------------- */

/* A channel for G.711 A-law, 30 frames at most, in session 1. */
struct ct_per_channel {
	uint16_t number;
	struct ct_per_end4 media;
	struct ct_per_end4 control;
	struct ct_per_end4 data;    /* separateStack */
	struct ct_per_end4 reverse; /* media of the other direction */
	const uint8_t *media6;      /* of IPv6, at media.port */
	bool silence;               /* suppression */
	bool flow; /* of an acknowledgement: flowControlToZero */
};

/* openLogicalChannel by itself, as in fastStart. */
void ct_per_channel(struct ct_per_out *out, const struct ct_per_channel *ch);

/* The request, and its acknowledgement, as control messages. */
void ct_per_open_channel(struct ct_per_out *out,
			 const struct ct_per_channel *ch);
void ct_per_channel_ack(struct ct_per_out *out,
			const struct ct_per_channel *ch);

/* --- H.225.0 ------------------------------------------------------------ */

enum ct_per_body {
	CT_PER_BODY_SETUP = 0,
	CT_PER_BODY_PROCEEDING = 1,
	CT_PER_BODY_CONNECT = 2,
	CT_PER_BODY_ALERTING = 3,
	CT_PER_BODY_FACILITY = 6,
	CT_PER_BODY_PROGRESS = 7 /* an addition */
};

struct ct_per_call {
	enum ct_per_body body;
	struct ct_per_end4 h245;
	const uint8_t *h245_6; /* of IPv6, at h245.port */
	struct ct_per_end4 dest;
	struct ct_per_end4 source;
	struct ct_per_end4 forward;
	unsigned reason; /* of a Facility */
	const struct ct_per_channel *fast;
	unsigned n_fast;
	const struct ct_per_out *tunnelled; /* h245Control */
	unsigned n_tunnelled;
};

/* H323-UserInformation. */
void ct_per_call(struct ct_per_out *out, const struct ct_per_call *call);

/* The same in Q.931, in a TPKT; => bytes written. */
size_t ct_per_call_tpkt(uint8_t *to, const struct ct_per_call *call);
size_t ct_per_tpkt(uint8_t *to, const struct ct_per_out *message);

/* --- RAS ---------------------------------------------------------------- */

struct ct_per_ras {
	unsigned message;       /* its number */
	struct ct_per_end4 ras; /* rasAddress, replyAddress */
	struct ct_per_end4
		signal; /* callSignalAddress, destCallSignalAddress */
	struct ct_per_end4 source; /* srcCallSignalAddress */
	uint32_t time_to_live;     /* 0: none */
};

void ct_per_ras(struct ct_per_out *out, const struct ct_per_ras *ras);

#endif /* CT_TEST_PER_OUT_H */
