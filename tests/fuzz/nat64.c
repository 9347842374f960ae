/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT64 of the sequence fuzzer: packets that go over to the other network
 * layer, and back.
 *
 * What a checksum covers changes with the layer, and the checksum with it: both
 * together are the same sum on either side.
 */
#include "world.h"

#include <arpa/inet.h>
#include <conntrack/nat64.h>
#include <stdlib.h>
#include <string.h>

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, UDP_SUM = 6 };

/* --- Frames ------------------------------------------------------------- */

void frame_open(struct ct_pkt *pkt)
{
	uint8_t *bytes = pkt->data;
	uint8_t *frame = malloc(CT_NAT64_ROOM + pkt->len + pkt->tailroom);

	if (!frame)
		fuzz_wrong("the fuzzer itself is out of memory");
	memcpy(frame + CT_NAT64_ROOM, bytes, pkt->len);
	free(bytes);
	pkt->data = frame + CT_NAT64_ROOM;
	pkt->headroom = CT_NAT64_ROOM;
}

void frame_close(struct ct_pkt *pkt)
{
	uint8_t *frame = pkt->data - pkt->headroom;

	pkt->data = fuzz_roomy(pkt->data, pkt->len, pkt->tailroom);
	pkt->headroom = 0;
	pkt->tailroom = 0;
	free(frame);
}

/* --- Mappings ----------------------------------------------------------- */

/* The packet's own destination lies in the prefix, most likely. */
static struct ct_nat64 prefix_of(const struct ct_pkt *pkt, uint8_t how)
{
	static const uint8_t lens[] = { 96, 32, 40, 48, 56, 64, 96, 97 };
	static const uint8_t net[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0x64 };
	struct ct_nat64 nat64 = { .size = sizeof(nat64),
				  .prefix_len = lens[how % 8] };
	struct ct_tuple t;

	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	if (t.l3 == CT_L3_IPV6 && nat64.prefix_len <= 96)
		memcpy(&nat64.prefix, &t.dst, nat64.prefix_len / 8);
	else
		memcpy(&nat64.prefix, net, sizeof(net));
	return nat64;
}

void choose_64(struct ct_thread *thr, struct ct_pkt *pkt, struct fuzz_in *in)
{
	struct ct_nat64 nat64 = prefix_of(pkt, fuzz_u8(in));
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };
	uint8_t ids = fuzz_u8(in);
	uint32_t before = ct_conn_status(pkt->conn);
	int error;

	range.min_addr.v4 =
		pkt->l3 == CT_L3_IPV6 ? htonl(0xcb007101) : htonl(0x20010db8);
	range.max_addr = range.min_addr;
	if (ids & 1)
		range.flags |= CT_NAT_IDS;
	range.min_id = (uint16_t)(ids * 257);
	range.max_id = (uint16_t)(range.min_id | 3);
	error = ct_nat64_setup(thr, pkt, &nat64, &range);
	if (error && error != CT_E_FULL && before != ct_conn_status(pkt->conn))
		fuzz_wrong("no mapping is chosen, yet something changed");
	if (error == CT_E_VERSION)
		fuzz_wrong("structs of our own version are refused");
}

/* --- Sums --------------------------------------------------------------- */

static uint32_t sum_from(uint32_t all, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		all += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		all = (all & 0xffff) + (all >> 16);
	}
	return all;
}

/* => What the transport's checksum is about, and itself. */
static uint32_t covered(const struct ct_pkt *pkt)
{
	uint32_t all = pkt->l4 + (pkt->l4_len & 0xffff) + (pkt->l4_len >> 16);

	if (pkt->l4 == ICMP)
		all = 0;
	else if (pkt->l3 == CT_L3_IPV4)
		all = sum_from(all, pkt->data + 12, 8);
	else
		all = sum_from(all, pkt->data + 8, 32);
	return sum_from(all, pkt->data + pkt->l4_off, pkt->len - pkt->l4_off) %
	       0xffff;
}

/* => It has an Internet checksum. */
static bool has_sum(const struct ct_pkt *pkt)
{
	const uint8_t *field = pkt->data + pkt->l4_off + UDP_SUM;

	if (pkt->csum == CT_CSUM_PARTIAL)
		return false;
	return pkt->l4 == TCP || pkt->l4 == ICMP || pkt->l4 == ICMPV6 ||
	       (pkt->l4 == UDP && (field[0] || field[1]));
}

void expect_crossed(const struct ct_pkt *pkt, const struct ct_pkt *before)
{
	bool ipv4 = pkt->l3 == CT_L3_IPV4;

	if (pkt->data[0] >> 4 != pkt->l3 || before->l3 == pkt->l3)
		fuzz_wrong("of neither the one layer nor the other");
	if (pkt->l4_off < (ipv4 ? 20 : 40) || pkt->l4_off > pkt->len)
		fuzz_wrong("its L4 header is nowhere");
	if (ipv4 && sum_from(0, pkt->data, 20) % 0xffff)
		fuzz_wrong("a new header with a wrong sum");
	if (has_sum(before) && covered(pkt) != covered(before))
		fuzz_wrong("a checksum does not tell what has changed");
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

void way_back_64(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	struct ct_pkt back = *pkt, before;
	size_t len = pkt->l3 == CT_L3_IPV4 ? 4 : 16;
	uint8_t *src;

	if (!has_sum(pkt))
		return; /* one that is not there need not be made */
	back.data = fuzz_copy(pkt->data, pkt->len);
	src = back.data + (len == 4 ? 12 : 8);
	swap(src, src + len, len);
	back.dir = pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	before = back;
	before.data = fuzz_copy(back.data, back.len);
	frame_open(&back);
	if (ct_nat_apply(thr, &back, CT_HOOK_PREROUTING) != CT_ACCEPT)
		fuzz_wrong("what has gone over does not come back");
	expect_crossed(&back, &before);
	frame_close(&back);
	free(back.data);
	free(before.data);
}

/* --- Errors ------------------------------------------------------------- */

enum { QUOTE_MAX = 120 };

/* An error about a packet, whose bytes name its type and how much of it is
 * quoted; checksums are what they are. */
static struct ct_pkt error_about(const struct ct_pkt *pkt, uint8_t *bytes)
{
	bool ipv4 = pkt->l3 == CT_L3_IPV4;
	uint8_t dice = pkt->data[pkt->len - 1];
	uint32_t hdr = ipv4 ? 20 : 40;
	uint32_t quote = dice % QUOTE_MAX + hdr + 8;
	struct ct_pkt error = { .data = bytes,
				.l3 = pkt->l3,
				.l4 = ipv4 ? ICMP : ICMPV6,
				.l4_off = (uint16_t)hdr,
				.conn = pkt->conn,
				.state = CT_RELATED };

	if (quote > pkt->len)
		quote = pkt->len;
	memcpy(bytes, pkt->data, hdr);
	if (ipv4)
		bytes[0] = 0x45;
	else
		bytes[6] = ICMPV6;
	bytes[hdr] = ipv4 ? dice % 2 ? 11 : 3 : dice % 4 + 1;
	bytes[hdr + 1] = dice / 16;
	memcpy(bytes + hdr + 8, pkt->data, quote);
	error.l4_len = 8 + quote;
	error.len = hdr + error.l4_len;
	error.dir = pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	return error;
}

void complain_64(struct ct_thread *thr, const struct ct_pkt *pkt)
{
	uint8_t bytes[40 + 8 + QUOTE_MAX + 48] = { 0 };
	struct ct_pkt before = error_about(pkt, bytes), error = before;
	enum ct_verdict verdict;

	error.data = fuzz_copy(bytes, error.len);
	frame_open(&error);
	verdict = ct_nat_apply(thr, &error, CT_HOOK_POSTROUTING);
	if (verdict == CT_ACCEPT)
		expect_crossed(&error, &before);
	else if (error.reason != CT_R_NAT_UNTRANSLATABLE)
		fuzz_wrong("there was room enough");
	frame_close(&error);
	free(error.data);
}
