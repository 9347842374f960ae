/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link layers that ct-replay can read; see link.h.
 *
 * One small function per layer.  A decoder moves the cursor behind its own
 * header and says which network layer follows; the entry at the end turns the
 * cursor's place into offsets.
 */
#include "link.h"
#include "link_walk.h"

#include <conntrack/cursor.h>
#include <pcap/dlt.h>

/* Ethertypes, IEEE 802 numbers. */
enum {
	ETH_LENGTH_MAX = 1500, /* up to here it is a length: LLC follows */
	ETH_IPV4 = 0x0800,
	ETH_VLAN = 0x8100,
	ETH_IPV6 = 0x86dd,
	ETH_MPLS = 0x8847,
	ETH_MPLS_UPSTREAM = 0x8848,
	ETH_PPPOE = 0x8864,
	ETH_QINQ = 0x88a8,
	ETH_QINQ_OLD = 0x9100
};

/* The attribute of an NFLOG record that holds the packet. */
enum { NFLOG_PAYLOAD = 9 };

typedef enum link_answer (*decode_fn)(struct walk *w);

/* What is told by nothing but its first four bits. */
static enum link_answer decode_raw(struct walk *w)
{
	struct ct_cursor peek = w->cur;
	uint8_t version = ct_cursor_u8(&peek) >> 4;

	if (!ct_cursor_good(&peek))
		return LINK_BROKEN;
	if (version != CT_L3_IPV4 && version != CT_L3_IPV6)
		return LINK_OTHER;
	return link_found(w, version);
}

static enum link_answer decode_ipv4(struct walk *w)
{
	return link_found(w, CT_L3_IPV4);
}

static enum link_answer decode_ipv6(struct walk *w)
{
	return link_found(w, CT_L3_IPV6);
}

/* RFC 3032: labels up to the one with the bottom bit; then it is a guess. */
enum link_answer link_mpls(struct walk *w)
{
	uint32_t label;

	do {
		label = ct_cursor_u32(&w->cur);
	} while (ct_cursor_good(&w->cur) && !(label & 0x100));
	return decode_raw(w);
}

/* IEEE 802.2 with SNAP: the only LLC that carries IP. */
static bool llc_snap(struct walk *w)
{
	return ct_cursor_u32(&w->cur) == 0xaaaa0300 &&
	       ct_cursor_u16(&w->cur) == 0;
}

static bool is_vlan(uint16_t type)
{
	return type == ETH_VLAN || type == ETH_QINQ || type == ETH_QINQ_OLD;
}

/* What an ethertype promises, behind any number of VLAN tags. */
enum link_answer link_ethertype(struct walk *w, uint16_t type)
{
	while (is_vlan(type)) {
		ct_cursor_skip(&w->cur, 2);
		type = ct_cursor_u16(&w->cur);
	}
	if (type <= ETH_LENGTH_MAX && llc_snap(w))
		type = ct_cursor_u16(&w->cur);
	switch (type) {
	case ETH_IPV4:
		return link_found(w, CT_L3_IPV4);
	case ETH_IPV6:
		return link_found(w, CT_L3_IPV6);
	case ETH_MPLS:
	case ETH_MPLS_UPSTREAM:
		return link_mpls(w);
	case ETH_PPPOE:
		return link_pppoe(w);
	default:
		return LINK_OTHER;
	}
}

static enum link_answer decode_ethernet(struct walk *w)
{
	ct_cursor_skip(&w->cur, 12);
	return link_ethertype(w, ct_cursor_u16(&w->cur));
}

/* Linux "cooked": packet type, device type, address; then the ethertype. */
static enum link_answer decode_sll(struct walk *w)
{
	ct_cursor_skip(&w->cur, 14);
	return link_ethertype(w, ct_cursor_u16(&w->cur));
}

/* Its second version has the ethertype in front of 18 other bytes. */
static enum link_answer decode_sll2(struct walk *w)
{
	uint16_t type = ct_cursor_u16(&w->cur);

	ct_cursor_skip(&w->cur, 18);
	return link_ethertype(w, type);
}

/* Address families, as numbered by the BSDs, macOS and Linux. */
static enum link_answer family(struct walk *w, uint32_t number)
{
	switch (number) {
	case 2:
		return link_found(w, CT_L3_IPV4);
	case 10:
	case 24:
	case 28:
	case 30:
		return link_found(w, CT_L3_IPV6);
	default:
		return LINK_OTHER;
	}
}

/* BSD loopback: an address family in the recording machine's byte order. */
static enum link_answer decode_null(struct walk *w)
{
	uint32_t number = ct_cursor_u32(&w->cur);

	/* Families are small: what looks large came the other way round. */
	if (number > 0xffff)
		number = __builtin_bswap32(number);
	return family(w, number);
}

/* A 16-bit number in the order of this machine, to which libpcap swaps. */
static uint16_t host_u16(struct ct_cursor *cur)
{
	uint16_t number;

	ct_cursor_copy(cur, &number, sizeof(number));
	return number;
}

/*
 * One attribute of an NFLOG record; its length counts its own four bytes.
 *
 * => Returns false when the record is over or broken.
 */
static bool nflog_attribute(struct walk *w, uint16_t *type, size_t *len)
{
	*len = host_u16(&w->cur);
	*type = host_u16(&w->cur);
	if (!ct_cursor_good(&w->cur) || *len < 4)
		return false;
	*len -= 4;
	return true;
}

/* The payload's length is its own, but it may have been cut. */
static void nflog_payload(struct walk *w, size_t len)
{
	size_t left = ct_cursor_left(&w->cur);

	w->cut = len > left ? len - left : 0;
	if (len < left)
		w->cur.end = w->cur.at + len;
}

/* Family, version, resource id; then attributes, padded to four bytes. */
static enum link_answer decode_nflog(struct walk *w)
{
	uint8_t number = ct_cursor_u8(&w->cur);
	uint16_t type;
	size_t len;

	ct_cursor_skip(&w->cur, 3);
	while (nflog_attribute(w, &type, &len)) {
		if (type == NFLOG_PAYLOAD) {
			nflog_payload(w, len);
			return family(w, number);
		}
		ct_cursor_skip(&w->cur, (len + 3) & ~(size_t)3);
	}
	return LINK_BROKEN;
}

/* Which decoder reads which DLT_* number. */
static const struct {
	int dlt;
	decode_fn decode;
} decoders[] = {
	{ DLT_EN10MB, decode_ethernet },
	{ DLT_LINUX_SLL, decode_sll },
	{ DLT_LINUX_SLL2, decode_sll2 },
	{ DLT_RAW, decode_raw },
	{ DLT_IPV4, decode_ipv4 },
	{ DLT_IPV6, decode_ipv6 },
	{ DLT_NULL, decode_null },
	{ DLT_LOOP, decode_null },
	{ DLT_PPP, link_ppp },
	{ DLT_PPP_PPPD, link_ppp_dir },
	{ DLT_PPP_WITH_DIR, link_ppp_dir },
	{ DLT_PPP_SERIAL, link_hdlc },
	{ DLT_PPP_ETHER, link_pppoe },
	{ DLT_C_HDLC, link_hdlc },
	{ DLT_MPLS, link_mpls },
	{ DLT_NFLOG, decode_nflog },
};

static decode_fn decoder_of(int dlt)
{
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
		if (decoders[i].dlt == dlt)
			return decoders[i].decode;
	return NULL;
}

bool link_known(int dlt)
{
	return decoder_of(dlt) != NULL;
}

enum link_answer link_decode(int dlt, const struct link_frame *frame,
			     struct link_ip *ip)
{
	decode_fn decode = decoder_of(dlt);
	enum link_answer answer;
	struct walk w;

	if (!decode)
		return LINK_UNKNOWN;
	w.cur = ct_cursor_of(frame->bytes, frame->len);
	w.cut = frame->wire_len > frame->len ? frame->wire_len - frame->len : 0;
	w.l3 = 0;
	answer = decode(&w);
	if (!ct_cursor_good(&w.cur))
		return LINK_BROKEN;
	if (answer != LINK_IP)
		return answer;
	ip->off = (size_t)(w.cur.at - frame->bytes);
	ip->len = ct_cursor_left(&w.cur);
	ip->wire_len = ip->len + w.cut;
	ip->l3 = w.l3;
	return LINK_IP;
}
