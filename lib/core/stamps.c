/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stamps.c - the latest time stamp of each end of a TCP connection; see stamps.h
 */
#include "core/stamps.h"

#include "core/table.h"
#include "wire/hdr.h"
#include "wire/tcpopt.h"

const struct ct_ext_ops ct_stamps_ops = {
	.size = sizeof(ct_stamps_ops),
	.name = "TCP time stamps",
	.len = sizeof(struct ct_stamps),
	.align = _Alignof(struct ct_stamps),
	.flags = CT_EXT_ALWAYS,
};

struct ct_stamps *ct_stamps_of(const struct ct_table *tbl,
			       const struct ct_conn *conn)
{
	return tbl->extend.stamps == CT_EXT_NONE
		       ? NULL
		       : ct_ext(tbl, conn, tbl->extend.stamps);
}

/* => Its time stamp; false when it has none. */
static bool read_stamp(const struct ct_pkt *pkt, uint32_t *val)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	struct ct_tcpopt opt;
	const uint8_t *hdr, *options;
	uint32_t len;

	ct_cursor_skip(&cur, pkt->l4_off);
	hdr = ct_cursor_take(&cur, CT_TCP_HDR_LEN);
	if (!hdr)
		return false;
	len = (uint32_t)(hdr[CT_TCP_OFFSET_OFF] >> 4) * 4;
	if (len <= CT_TCP_HDR_LEN)
		return false;
	options = ct_cursor_take(&cur, len - CT_TCP_HDR_LEN);
	if (!options)
		return false;
	ct_tcpopt_parse(ct_cursor_of(options, len - CT_TCP_HDR_LEN), &opt);
	*val = opt.tsval;
	return opt.has_timestamp;
}

void ct_stamps_note(const struct ct_table *tbl, const struct ct_conn *conn,
		    const struct ct_pkt *pkt)
{
	struct ct_stamps *stamps;
	uint32_t val, bit = 1u << pkt->dir;

	if (ct_likely(tbl->extend.stamps == CT_EXT_NONE) ||
	    pkt->l4 != CT_IPPROTO_TCP || !read_stamp(pkt, &val))
		return;
	stamps = ct_stamps_of(tbl, conn);
	/* What comes late is older. */
	if (!(stamps->seen & bit) || (int32_t)(val - stamps->val[pkt->dir]) > 0)
		stamps->val[pkt->dir] = val;
	stamps->seen |= bit;
}
