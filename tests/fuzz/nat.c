/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT of the sequence fuzzer: mappings as the input says, packets translated,
 * and the way back.
 *
 * The way back: the two ends of a translated packet are swapped, which leaves
 * its checksums as they are, and it is translated as a packet of the other
 * direction.  Swapped again, it must be what it was.
 */
#include "world.h"

#include "wire/crc32c.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132, GRE = 47 };
enum { UDP_SUM = 6, SCTP_SUM = 8, SCTP_HDR = 12 };

/* --- Mappings ----------------------------------------------------------- */

static struct ct_nat_range range_of(struct fuzz_in *in, uint8_t l3)
{
	static const uint8_t net6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0xff };
	struct ct_nat_range range = { .size = sizeof(range) };
	unsigned last = l3 == CT_L3_IPV6 ? 15 : 3;
	uint8_t addrs = fuzz_u8(in);
	uint8_t ids = fuzz_u8(in);

	range.flags = fuzz_u8(in);
	if (range.flags & CT_NAT_NPT)
		range.flags = CT_NAT_NPT | CT_NAT_ADDR;
	if (l3 == CT_L3_IPV6)
		memcpy(&range.min_addr, net6, sizeof(net6));
	else
		range.min_addr.v4 = htonl(0xcb007100);
	range.min_addr.bytes[last] = addrs & 3;
	range.max_addr = range.min_addr;
	range.max_addr.bytes[last] =
		(uint8_t)(range.max_addr.bytes[last] + (addrs >> 2 & 3));
	range.min_id = (uint16_t)(ids * 257);
	range.max_id = (uint16_t)(range.min_id | (addrs >> 4));
	range.base_id = addrs;
	if (range.flags & CT_NAT_NPT) {
		memcpy(&range.max_addr, &range.min_addr, 8);
		memset(range.min_addr.bytes + 7, 0, 9);
		memset(range.max_addr.bytes + 7, 0xff, 9);
	}
	return range;
}

static void choose(struct ct_thread *thr, struct ct_pkt *pkt,
		   struct fuzz_in *in, enum ct_nat_end end)
{
	struct ct_nat_range range = range_of(in, pkt->l3);
	bool none = fuzz_u8(in) & 1;
	uint32_t before = ct_conn_status(pkt->conn);
	int error = ct_nat_setup(thr, pkt, end, none ? NULL : &range);
	uint32_t done =
		end == CT_NAT_SRC ? CT_S_SRC_NAT_DONE : CT_S_DST_NAT_DONE;

	if (error == CT_E_VERSION)
		fuzz_wrong("a range of our own version is refused");
	if ((error == 0 || error == CT_E_FULL) &&
	    !(ct_conn_status(pkt->conn) & done))
		fuzz_wrong("a mapping is chosen, and nobody knows");
	if (error && error != CT_E_FULL && before != ct_conn_status(pkt->conn))
		fuzz_wrong("no mapping is chosen, yet something changed");
}

/* --- The way back ------------------------------------------------------- */

static void swap(uint8_t *a, uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* A CRC does notice when ports are swapped. */
static void swap_ports(struct ct_pkt *pkt)
{
	uint8_t *ports = pkt->data + pkt->l4_off;
	uint8_t before[4];
	uint32_t diff;

	memcpy(before, ports, sizeof(before));
	swap(ports, ports + 2, 2);
	if (pkt->l4 != SCTP || pkt->csum == CT_CSUM_PARTIAL ||
	    pkt->len < pkt->l4_off + (uint32_t)SCTP_HDR)
		return;
	diff = ct_crc32c_diff(before, ports, sizeof(before), pkt->l4_len - 4);
	for (unsigned i = 0; i < 4; i++)
		ports[SCTP_SUM + i] ^= (uint8_t)(diff >> 8 * i);
}

static void swap_ends(struct ct_pkt *pkt)
{

	if (pkt->l3 == CT_L3_IPV4)
		swap(pkt->data + 12, pkt->data + 16, 4);
	else
		swap(pkt->data + 8, pkt->data + 24, 16);
	if (pkt->l4 != ICMP && pkt->l4 != ICMPV6 &&
	    pkt->l4_off + 4u <= pkt->len)
		swap_ports(pkt);
}

/* Zero has two forms in a checksum. */
static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		uint16_t x = (uint16_t)(a[i] << 8 | a[i + 1]);
		uint16_t y = (uint16_t)(b[i] << 8 | b[i + 1]);

		if (x != y && (uint16_t)(x + y) != 0xffff)
			return false;
		if (x != y && x != 0 && y != 0)
			return false;
	}
	return len % 2 == 0 || a[len - 1] == b[len - 1];
}

static void way_back(struct ct_thread *thr, const struct flight *flight)
{
	struct ct_pkt back = flight->pkt;

	back.data = fuzz_copy(flight->pkt.data, flight->pkt.len);
	back.dir = flight->pkt.dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	swap_ends(&back);
	if (ct_nat_apply(thr, &back, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    ct_nat_apply(thr, &back, CT_HOOK_POSTROUTING) != CT_ACCEPT)
		fuzz_wrong("a translated packet does not come back");
	swap_ends(&back);
	if (!same(back.data, flight->before, back.len))
		fuzz_wrong("the way back is another one");
	free(back.data);
}

/* --- Sums --------------------------------------------------------------- */

static uint32_t sum(const uint8_t *bytes, uint32_t from, uint32_t to)
{
	uint32_t all = 0;

	for (uint32_t i = from; i < to; i++) {
		all += (i - from) % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		all = (all & 0xffff) + (all >> 16);
	}
	return all % 0xffff;
}

/* Whether a checksum covers the L4 header. */
static bool is_summed(const struct ct_pkt *pkt)
{
	const uint8_t *field = pkt->data + pkt->l4_off + UDP_SUM;

	if (pkt->csum == CT_CSUM_PARTIAL)
		return false;
	return pkt->l4 == TCP || pkt->l4 == ICMP || pkt->l4 == ICMPV6 ||
	       (pkt->l4 == UDP && (field[0] || field[1]));
}

/* What a packet's CRC32c should be, and what it is. */
static uint32_t sctp_fault(const uint8_t *l4, uint32_t len)
{
	static const uint8_t zero[4];
	uint32_t crc = ct_crc32c(ct_crc32c(0, l4, SCTP_SUM), zero, 4);

	crc = ct_crc32c(crc, l4 + SCTP_SUM + 4, len - SCTP_SUM - 4);
	for (unsigned i = 0; i < 4; i++)
		crc ^= (uint32_t)l4[SCTP_SUM + i] << 8 * i;
	return crc;
}

/* SCTP: as wrong as before. */
static void expect_crc(const struct ct_pkt *pkt, const uint8_t *before)
{
	uint32_t have = pkt->len - pkt->l4_off;

	if (pkt->csum == CT_CSUM_PARTIAL || have < pkt->l4_len)
		return;
	if (sctp_fault(pkt->data + pkt->l4_off, pkt->l4_len) !=
	    sctp_fault(before + pkt->l4_off, pkt->l4_len))
		fuzz_wrong("a CRC does not tell what has changed");
}

/* What is summed and its checksum change by nothing together. */
static void expect_sums(const struct ct_pkt *pkt, const uint8_t *before)
{
	bool ipv4 = pkt->l3 == CT_L3_IPV4;
	uint32_t at = ipv4 ? 12 : 8, end = ipv4 ? 20 : 40;
	uint32_t is = 0, was = 0;

	if (ipv4 &&
	    sum(pkt->data, 0, pkt->l4_off) != sum(before, 0, pkt->l4_off))
		fuzz_wrong("the header's sum is another");
	if (pkt->l4 == SCTP)
		expect_crc(pkt, before);
	if (!is_summed(pkt))
		return;
	if (pkt->l4 != ICMP) {
		is = sum(pkt->data, at, end);
		was = sum(before, at, end);
	}
	is += sum(pkt->data, pkt->l4_off, pkt->len);
	was += sum(before, pkt->l4_off, pkt->len);
	if (is % 0xffff != was % 0xffff)
		fuzz_wrong("a checksum does not tell what has changed");
}

/* --- A packet's step ---------------------------------------------------- */

static bool apply(struct ct_thread *thr, struct ct_pkt *pkt, enum ct_hook hook)
{
	if (ct_nat_apply(thr, pkt, hook) == CT_ACCEPT)
		return true;
	if (ct_reason_text(pkt->reason)->class_ != CT_RC_D)
		fuzz_wrong("not translated without a reason");
	return false;
}

static void expect_translated(struct ct_thread *thr,
			      const struct flight *flight,
			      const struct ct_pkt *was)
{
	const struct ct_pkt *pkt = &flight->pkt;

	/* A fragment is answered by whole packets; see the target frag. */
	if (pkt->flags & (CT_PKT_FIRST | CT_PKT_LATER))
		return;
	if (pkt->l3 != was->l3) {
		expect_crossed(pkt, was);
		if (pkt->state != CT_RELATED)
			way_back_64(thr, pkt);
		complain_64(thr, pkt);
		return;
	}
	/* A call id is one end's only. */
	if (pkt->state != CT_RELATED && pkt->l4 != GRE)
		way_back(thr, flight);
	expect_sums(pkt, flight->before);
}

void flight_nat(struct world *w, struct ct_thread *thr, struct fuzz_in *in,
		struct flight *flight)
{
	struct ct_pkt *pkt = &flight->pkt;
	uint8_t how = fuzz_u8(in);
	struct ct_pkt was;
	bool good;

	if (pkt->conn && (how & 4))
		choose_64(thr, pkt, in);
	if (pkt->conn && (how & 8))
		choose_pooled(w, thr, pkt, in);
	if (pkt->conn && (how & 1))
		choose(thr, pkt, in, CT_NAT_DST);
	if (pkt->conn && (how & 2))
		choose(thr, pkt, in, CT_NAT_SRC);
	if (pkt->conn && (how & 16))
		choose_pooled(w, thr, pkt, in);
	was = *pkt;
	was.data = flight->before;
	frame_open(pkt);
	good = apply(thr, pkt, CT_HOOK_PREROUTING) &&
	       apply(thr, pkt, CT_HOOK_POSTROUTING);
	frame_close(pkt);
	if (good && pkt->conn)
		expect_translated(thr, flight, &was);
	free(flight->before);
	flight->before = fuzz_copy(pkt->data, pkt->len);
}

void world_purge(struct world *w, struct fuzz_in *in)
{
	struct ct_thread *thr = world_handle(w, 0);
	struct ct_nat_range range = range_of(in, CT_L3_IPV4);

	if (thr)
		ct_nat_purge(thr, CT_L3_IPV4, &range.min_addr);
}
