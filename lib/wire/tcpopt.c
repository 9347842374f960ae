/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP options; see tcpopt.h.
 *
 *	+------+--------+------------------
 *	| kind | length | length - 2 bytes        kinds 0 and 1 are one byte
 *	+------+--------+------------------
 */
#include "wire/tcpopt.h"

enum kind {
	KIND_END = 0,
	KIND_NOP = 1,
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
		opt->has_timestamp = true;
}

void ct_tcpopt_parse(struct ct_cursor options, struct ct_tcpopt *opt)
{
	const uint8_t *body;
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
	}
}
