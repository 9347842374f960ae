/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SCTP's checksum; see sctp_sum.h.
 *
 * It knows no pseudo header: an address does not change it.  A port changes it
 * by what the difference becomes on its way to the packet's end.  So no byte
 * behind the header is read, and a wrong sum stays wrong.
 */
#include "proto/sctp_sum.h"

#include "core/table.h"
#include "proto/ports.h"
#include "wire/crc32c.h"
#include "wire/hdr.h"

/* What an ICMP error quotes at least (RFC 792); Linux asks for it, too. */
enum { QUOTE_MIN = 8, SUM_LEN = 4, PORT_LEN = 2 };

/* Low byte first (RFC 9260, appendix A). */
static uint32_t load(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void store(uint8_t *at, uint32_t sum)
{
	for (unsigned i = 0; i < SUM_LEN; i++)
		at[i] = (uint8_t)(sum >> 8 * i);
}

/* The field itself counts as zero. */
static uint32_t sum_of(const uint8_t *at, uint32_t len)
{
	static const uint8_t zero[SUM_LEN];
	uint32_t crc = ct_crc32c(0, at, CT_SCTP_SUM_OFF);

	crc = ct_crc32c(crc, zero, SUM_LEN);
	return ct_crc32c(crc, at + CT_SCTP_HDR_LEN, len - CT_SCTP_HDR_LEN);
}

bool ct_sctp_sum_good(const struct ct_thread *thr, const struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);

	if (pkt->csum == CT_CSUM_VERIFIED || pkt->csum == CT_CSUM_PARTIAL ||
	    (pkt->flags & CT_PKT_FIRST) ||
	    !ct_core_param(thr->tbl, CT_P_CHECKSUM))
		return true;
	if (pkt->csum == CT_CSUM_BAD)
		return false;
	/* What is not all there cannot be found wrong. */
	if (ct_cursor_left(&cur) < pkt->l4_len)
		return true;
	return load(cur.at + CT_SCTP_SUM_OFF) == sum_of(cur.at, pkt->l4_len);
}

/* The sum lies behind what an error must quote: it stays if it is not there. */
bool ct_sctp_rewrite(struct ct_pkt *pkt, const struct ct_rewrite *how)
{
	const bool source = how->end == CT_NAT_SRC;
	const uint32_t off = source ? 0 : PORT_LEN;
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint8_t *hdr = pkt->data + pkt->l4_off;
	uint8_t old[PORT_LEN];

	if (ct_cursor_left(&cur) < QUOTE_MIN)
		return false;
	memcpy(old, hdr + off, PORT_LEN);
	ct_ports_write(pkt, how);
	/* The change depends on how long the whole is, which a first fragment
	 * does not tell. */
	if (pkt->flags & CT_PKT_FIRST)
		return memcmp(old, hdr + off, PORT_LEN) == 0;
	if (pkt->csum == CT_CSUM_PARTIAL ||
	    ct_cursor_left(&cur) < CT_SCTP_HDR_LEN)
		return true;
	store(hdr + CT_SCTP_SUM_OFF,
	      load(hdr + CT_SCTP_SUM_OFF) ^
		      ct_crc32c_diff(old, hdr + off, PORT_LEN,
				     pkt->l4_len - off - PORT_LEN));
	return true;
}
