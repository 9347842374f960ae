/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet that finds no room and passes by a prefix.
 *
 * The map takes half of all addresses to the other half, so that each has a
 * place in it; a second table has the same map the other way round.  What the
 * one has written the other one takes back, and every byte is what it was.
 */
#include "corpus.h"
#include "fuzz.h"
#include "host.h"

#include <conntrack/conntrack.h>
#include <conntrack/frag.h>
#include <conntrack/nat.h>
#include <conntrack/overflow.h>
#include <stdlib.h>
#include <string.h>

static struct fuzz_mem mem;
static struct ct_table *tables[2]; /* there, and back */
static struct ct_thread *thr[2];
static uint64_t now_ns = UINT64_C(1000000000000);

static void open_table(unsigned n)
{
	static const union ct_addr half[] = { { { 0 } }, { { 0x80 } } };
	struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 1 };
	struct ct_host host;

	fuzz_host(&host, &mem);
	cfg.host = &host;
	if (ct_table_create(&cfg, &tables[n]) ||
	    ct_overflow_prefix(tables[n], CT_L3_IPV4, &half[n], &half[!n], 1) ||
	    ct_overflow_prefix(tables[n], CT_L3_IPV6, &half[n], &half[!n], 1) ||
	    ct_param_set(tables[n], "overflow.policy", CT_OVERFLOW_REFUSE) ||
	    ct_param_set(tables[n], "overflow.verdict",
			 CT_OVERFLOW_STATELESS) ||
	    ct_thread_attach(tables[n], &thr[n]))
		fuzz_wrong("no table");
}

/* A datagram whose connection takes the only place, or which passes: from then
 * on errors are believed. */
static void newcomer(uint8_t host)
{
	uint8_t bytes[] = { 0x45, 0, 0,  28,   0, 0,    0, 0, 64, 17,
			    0,    0, 10, 0,    0, host, 9, 9, 9,  9,
			    4,    0, 0,  host, 0, 8,    0, 0 };
	struct ct_pkt pkt = { .data = bytes,
			      .len = sizeof(bytes),
			      .l3 = CT_L3_IPV4 };

	ct_process(thr[0], &pkt, CT_HOOK_PREROUTING);
	ct_confirm(thr[0], &pkt);
}

static void poll(void)
{
	now_ns += 100000000;
	ct_thread_poll(thr[0], now_ns);
	ct_thread_poll(thr[1], now_ns);
	newcomer(1);
	newcomer(2);
}

static bool is_zero(const uint8_t sum[2])
{
	return sum[0] == sum[1] && (sum[0] == 0 || sum[0] == 0xff);
}

/* A sum's zero has two forms, of which one is written (RFC 1624). */
static bool same(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t at = i & ~1u;

		if (a[i] != b[i] &&
		    (at + 2 > len || !is_zero(a + at) || !is_zero(b + at)))
			return false;
	}
	return true;
}

/* One end there and back, if it has changed at all. */
static void there_and_back(struct ct_pkt *pkt, enum ct_hook hook)
{
	uint8_t *was = fuzz_copy(pkt->data, pkt->len);
	uint8_t *is;

	if (ct_nat_apply(thr[0], pkt, hook) != CT_ACCEPT) {
		free(was);
		return;
	}
	is = fuzz_copy(pkt->data, pkt->len);
	/* What an error quotes may have another end than it in the map. */
	if (memcmp(was, is, pkt->len) != 0 &&
	    pkt->reason == CT_R_OVERFLOW_STATELESS) {
		if (ct_nat_apply(thr[1], pkt, hook) != CT_ACCEPT)
			fuzz_wrong("what was translated cannot be taken back");
		if (!same(pkt->data, was, pkt->len))
			fuzz_wrong("what was taken back is another packet");
		memcpy(pkt->data, is, pkt->len);
	}
	free(was);
	free(is);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	struct ct_pkt pkt = { 0 }, piece = { 0 };
	uint8_t *copy;

	if (!tables[0]) {
		open_table(0);
		open_table(1);
	}
	poll();
	pkt.csum = fuzz_u8(&in) % 4;
	pkt.len = (uint32_t)in.left;
	pkt.data = copy = fuzz_copy(in.at, in.left);
	pkt.l3 = in.left && *in.at >> 4 == 6 ? CT_L3_IPV6 : CT_L3_IPV4;
	if (ct_process(thr[0], &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT &&
	    pkt.state == CT_UNTRACKED) {
		there_and_back(&pkt, CT_HOOK_PREROUTING);
		there_and_back(&pkt, CT_HOOK_POSTROUTING);
		while (ct_frag_next(thr[0], &pkt, &piece))
			;
	}
	ct_confirm(thr[0], &pkt);
	free(copy);
	return 0;
}

/* The packets of the goldens; errors about each; in two fragments. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	const struct corpus_packet *packet;
	unsigned what = n / corpus_size();
	bool v4;

	if (what >= 3)
		return 0;
	packet = corpus_at(n);
	v4 = packet->len >= 28 && packet->bytes[0] >> 4 == 4;
	if (packet->len < 28 || packet->len > 1000 || (what && !v4))
		return fuzz_seed(n + 1, to);
	to[0] = CT_CSUM_VERIFIED;
	memcpy(to + 1, packet->bytes, packet->len);
	if (what == 0)
		return 1 + packet->len;
	if (what == 2) {
		to[1 + 6] = n % 2 ? 0x20 : 0; /* the first one, or another */
		to[1 + 7] = n % 2 ? 0 : 100;
		return 1 + packet->len;
	}
	memcpy(to + 1 + 12, packet->bytes + 16, 4);
	memcpy(to + 1 + 16, packet->bytes + 12, 4);
	to[1] = 0x45;
	to[1 + 2] = (uint8_t)((28 + packet->len) >> 8);
	to[1 + 3] = (uint8_t)(28 + packet->len);
	to[1 + 6] = to[1 + 7] = 0;
	to[1 + 9] = 1;
	memset(to + 1 + 20, 0, 8);
	to[1 + 20] = 3;
	to[1 + 21] = 4;
	memcpy(to + 1 + 28, packet->bytes, packet->len);
	return 1 + 28 + packet->len;
}
