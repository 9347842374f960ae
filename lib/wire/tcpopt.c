/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP options; see tcpopt.h.
 *
 *	+------+--------+------------------
 *	| kind | length | length - 2 bytes        kinds 0 and 1 are one byte
 *	+------+--------+------------------
 */
#include "wire/tcpopt.h"

#include "wire/csum.h"

enum kind {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_PERM = 4,
	KIND_SACK = 5,
	KIND_TIMESTAMP = 8
};

enum { HEAD_LEN = 2, BLOCK_LEN = 8, TIMESTAMP_LEN = 8 };

static void read_wscale(struct ct_cursor body, struct ct_tcpopt *opt)
{
	uint8_t shift = ct_cursor_u8(&body);

	opt->has_wscale = true;
	opt->wscale =
		shift < CT_TCPOPT_WSCALE_MAX ? shift : CT_TCPOPT_WSCALE_MAX;
}

static void read_sack(struct ct_cursor body, struct ct_tcpopt *opt)
{
	struct ct_tcpopt_block *block;

	while (ct_cursor_left(&body) >= BLOCK_LEN &&
	       opt->n_sacks < CT_TCPOPT_BLOCKS_MAX) {
		block = &opt->sacks[opt->n_sacks++];
		block->left = ct_cursor_u32(&body);
		block->right = ct_cursor_u32(&body);
	}
}

static void read_mss(struct ct_cursor body, struct ct_tcpopt *opt)
{
	opt->has_mss = true;
	opt->mss = ct_cursor_u16(&body);
}

static void read_timestamp(struct ct_cursor body, struct ct_tcpopt *opt)
{
	opt->has_timestamp = true;
	opt->tsval = ct_cursor_u32(&body);
	opt->tsecr = ct_cursor_u32(&body);
}

static void read_option(uint8_t kind, struct ct_cursor body,
			struct ct_tcpopt *opt)
{
	size_t len = ct_cursor_left(&body);

	if (kind == KIND_WSCALE && len == 1)
		read_wscale(body, opt);
	else if (kind == KIND_SACK_PERM && len == 0)
		opt->sack_perm = true;
	else if (kind == KIND_SACK && len % BLOCK_LEN == 0)
		read_sack(body, opt);
	else if (kind == KIND_TIMESTAMP && len == TIMESTAMP_LEN)
		read_timestamp(body, opt);
	else if (kind == KIND_MSS && len == 2)
		read_mss(body, opt);
}

void ct_tcpopt_parse(struct ct_cursor options, struct ct_tcpopt *opt)
{
	const uint8_t *body;
	const uint8_t *first = options.at;
	uint8_t kind, len;

	memset(opt, 0, sizeof(*opt));
	while (ct_cursor_left(&options)) {
		kind = ct_cursor_u8(&options);
		if (kind == KIND_END)
			return;
		if (kind == KIND_NOP)
			continue;
		len = ct_cursor_u8(&options);
		if (len < HEAD_LEN)
			return;
		body = ct_cursor_take(&options, len - HEAD_LEN);
		if (!body)
			return;
		read_option(kind, ct_cursor_of(body, len - HEAD_LEN), opt);
		if (kind == KIND_TIMESTAMP && len == HEAD_LEN + TIMESTAMP_LEN)
			opt->stamps_off = (uint16_t)(body - first);
	}
}

/* --- What is written ---------------------------------------------------- */

static void put32(uint8_t *at, uint32_t value)
{
	ct_csum_store(at, (uint16_t)(value >> 16));
	ct_csum_store(at + 2, (uint16_t)value);
}

/* Two bytes that are one option, or two. */
static uint8_t *pair(uint8_t *at, uint8_t first, uint8_t second)
{
	at[0] = first;
	at[1] = second;
	return at + 2;
}

uint32_t ct_tcpopt_write(uint8_t bytes[CT_TCPOPT_WRITE_MAX],
			 const struct ct_tcpopt *opt)
{
	uint8_t *at = bytes;

	if (opt->has_mss) {
		at = pair(at, KIND_MSS, HEAD_LEN + 2);
		ct_csum_store(at, opt->mss);
		at += 2;
	}
	if (opt->has_timestamp) {
		at = opt->sack_perm ? pair(at, KIND_SACK_PERM, HEAD_LEN)
				    : pair(at, KIND_NOP, KIND_NOP);
		at = pair(at, KIND_TIMESTAMP, HEAD_LEN + TIMESTAMP_LEN);
		put32(at, opt->tsval);
		put32(at + 4, opt->tsecr);
		at += TIMESTAMP_LEN;
	} else if (opt->sack_perm) {
		at = pair(at, KIND_NOP, KIND_NOP);
		at = pair(at, KIND_SACK_PERM, HEAD_LEN);
	}
	if (opt->has_wscale) {
		at = pair(at, KIND_NOP, KIND_WSCALE);
		at = pair(at, HEAD_LEN + 1, opt->wscale);
	}
	return (uint32_t)(at - bytes);
}
