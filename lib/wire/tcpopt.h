/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP options that tracking needs, read in one pass.
 */
#ifndef CT_WIRE_TCPOPT_H
#define CT_WIRE_TCPOPT_H

#include <conntrack/cursor.h>

/* RFC 2018 3: four blocks are all that 40 bytes of options have room for. */
enum { CT_TCPOPT_BLOCKS_MAX = 4 };

/* RFC 7323 2.3: a larger shift is taken as this one. */
enum { CT_TCPOPT_WSCALE_MAX = 14 };

/* One range of bytes that arrived out of order. */
struct ct_tcpopt_block {
	uint32_t left;  /* first sequence number of it */
	uint32_t right; /* first sequence number behind it */
};

struct ct_tcpopt {
	bool has_wscale;    /* window scale, RFC 7323 2 */
	bool sack_perm;     /* SACK permitted, RFC 2018 2 */
	bool has_timestamp; /* time stamps, RFC 7323 3 */
	bool has_mss;       /* segment size, RFC 9293 3.7.1 */
	uint8_t wscale;     /* the shift, at most CT_TCPOPT_WSCALE_MAX */
	uint8_t n_sacks;    /* how many of sacks */
	uint16_t mss;
	uint16_t
		stamps_off; /* of TSval, from the first option; TSecr follows */
	uint32_t tsval;
	uint32_t tsecr;
	struct ct_tcpopt_block sacks[CT_TCPOPT_BLOCKS_MAX]; /* as they came */
};

/*
 * Read the options of a header.
 *
 * => options covers just these: what is between the fixed header and the data.
 * => An option with an impossible length ends the list; what came before it
 *    counts, as RFC 9293 3.1 leaves a receiver free to do.
 * => A length which is none of the option's own makes it unknown: passed over.
 */
void ct_tcpopt_parse(struct ct_cursor options, struct ct_tcpopt *opt);

/* As much as ct_tcpopt_write() writes. */
enum { CT_TCPOPT_WRITE_MAX = 20 };

/*
 * Write options, aligned by NOPs: what has_... and sack_perm say.
 *
 * => How many bytes, a multiple of four.
 */
uint32_t ct_tcpopt_write(uint8_t at[CT_TCPOPT_WRITE_MAX],
			 const struct ct_tcpopt *opt);

#endif
