/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PPP family of link layers: plain, with HDLC framing, over Ethernet, and
 * Cisco's HDLC, which looks like it.  Used by the table in link.c.
 */
#include "link_walk.h"

/* PPP protocol numbers, RFC 1661 and its followers. */
enum {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_UPSTREAM = 0x0283
};

static enum link_answer ppp_payload(struct walk *w, uint16_t protocol)
{
	switch (protocol) {
	case PPP_IPV4:
		return link_found(w, CT_L3_IPV4);
	case PPP_IPV6:
		return link_found(w, CT_L3_IPV6);
	case PPP_MPLS:
	case PPP_MPLS_UPSTREAM:
		return link_mpls(w);
	default:
		return LINK_OTHER;
	}
}

/* RFC 1661: two bytes, or one if it is odd (a compressed number). */
static enum link_answer ppp_protocol(struct walk *w)
{
	uint16_t protocol = ct_cursor_u8(&w->cur);

	if (!(protocol & 1))
		protocol = (uint16_t)(protocol << 8 | ct_cursor_u8(&w->cur));
	return ppp_payload(w, protocol);
}

/* RFC 1662: address and control, which may have been compressed away. */
enum link_answer link_ppp(struct walk *w)
{
	struct ct_cursor peek = w->cur;

	if (ct_cursor_u16(&peek) == 0xff03)
		w->cur = peek;
	return ppp_protocol(w);
}

/* One byte before it says who sent the frame. */
enum link_answer link_ppp_dir(struct walk *w)
{
	ct_cursor_skip(&w->cur, 1);
	return link_ppp(w);
}

/* RFC 2516: version and type, code (0: session), session, length. */
enum link_answer link_pppoe(struct walk *w)
{
	uint8_t code;

	ct_cursor_skip(&w->cur, 1);
	code = ct_cursor_u8(&w->cur);
	ct_cursor_skip(&w->cur, 4);
	return code ? LINK_OTHER : ppp_protocol(w);
}

/* PPP with HDLC framing, or Cisco's HDLC, which has an ethertype instead. */
enum link_answer link_hdlc(struct walk *w)
{
	uint8_t address = ct_cursor_u8(&w->cur);

	ct_cursor_skip(&w->cur, 1);
	if (address == 0xff)
		return ppp_protocol(w);
	return link_ethertype(w, ct_cursor_u16(&w->cur));
}
