/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: every parser that sees a packet's bytes, one by one, as they
 * are registered.
 *
 *	byte 0	   which network layer
 *	byte 1	   what the host says of the checksum; whether frame_len is set
 *	then	   the packet
 */
#include "core/table.h"
#include "corpus.h"
#include "fuzz.h"
#include "host.h"
#include "wire/ip6ext.h"
#include "wire/tcpopt.h"

#include <conntrack/conntrack.h>
#include <conntrack/plugin.h>
#include <stdlib.h>
#include <string.h>

static struct ct_table *tbl;
static struct ct_thread *thr;

static void open_table(void)
{
	static struct fuzz_mem mem;
	struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 16 };
	struct ct_host host;

	fuzz_host(&host, &mem);
	cfg.host = &host;
	if (ct_table_create(&cfg, &tbl) || ct_thread_attach(tbl, &thr))
		fuzz_wrong("no table");
}

/* An answer lies inside of the packet, or is refused with a reason. */
static void expect_answer(const struct ct_pkt *pkt, bool good)
{
	if (good && pkt->l4_off > pkt->len)
		fuzz_wrong("the L4 header lies behind the packet");
	if (!good && pkt->reason == CT_R_NONE)
		fuzz_wrong("refused without a reason");
	if (!good && ct_reason_text(pkt->reason)->class_ != CT_RC_I)
		fuzz_wrong("the reason is not one of an invalid packet");
}

static void quoted(const struct ct_pkt *outer, const struct ct_quote *quote);

/* Everything that the tracker of pkt's protocol reads. */
static void track(struct ct_pkt *pkt, struct ct_tuple *t, bool inner)
{
	const struct ct_l4_ops *ops = ct_registry_l4(tbl, pkt->l4);
	struct ct_quote quote;
	struct ct_tuple inverse;
	enum ct_track checked = CT_TRACK_OK;
	bool good;

	t->l4 = pkt->l4;
	pkt->reason = CT_R_NONE;
	if (ops->check && !inner)
		checked = ops->check(thr, pkt);
	if (checked == CT_TRACK_INVALID)
		expect_answer(pkt, false);
	if (checked == CT_TRACK_OK && !inner && ops->quote &&
	    ops->quote(pkt, &quote))
		quoted(pkt, &quote);

	/* Also when check() was against it: tuple() must not rely on that. */
	pkt->reason = CT_R_NONE;
	good = ops->tuple(pkt, t);
	expect_answer(pkt, good);
	if (!good)
		return;
	inverse = *t;
	inverse.src = t->dst;
	inverse.dst = t->src;
	ops->invert(t, &inverse);
}

static void quoted(const struct ct_pkt *outer, const struct ct_quote *quote)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, quote->l3);
	struct ct_pkt pkt = { .l3 = quote->l3 };
	struct ct_tuple t;
	bool good;

	if (!l3)
		fuzz_wrong("a quote of an unknown network layer");
	if (quote->off > outer->len)
		fuzz_wrong("a quote behind the packet");
	pkt.data = outer->data + quote->off;
	pkt.len = outer->len - quote->off;
	memset(&t, 0, sizeof(t));
	t.l3 = pkt.l3;
	good = l3->parse_quoted(&pkt, &t);
	expect_answer(&pkt, good);
	if (good)
		track(&pkt, &t, true);
}

static void whole(const struct ct_pkt *from)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, from->l3);
	struct ct_pkt pkt = *from;
	struct ct_tuple t;
	bool good;

	memset(&t, 0, sizeof(t));
	t.l3 = pkt.l3;
	good = l3->parse(&pkt, &t);
	expect_answer(&pkt, good);
	if (!good)
		return;
	l3->pseudo_sum(&pkt, pkt.l4, pkt.l4_len);
	/* Each tracker must cope with what is none of its own. */
	for (unsigned l4 = 0; l4 < 256; l4++) {
		struct ct_pkt other = pkt;
		struct ct_tuple copy = t;

		other.l4 = (uint8_t)l4;
		if (l4 == pkt.l4 || ct_registry_l4(tbl, (uint8_t)l4)->l4 == l4)
			track(&other, &copy, false);
	}
}

/* The byte readers that nobody registers. */
static void raw(const uint8_t *bytes, size_t len)
{
	struct ct_cursor cur = ct_cursor_of(bytes, len);
	struct ct_ip6ext ext;
	struct ct_tcpopt opt;

	ct_tcpopt_parse(cur, &opt);
	if (opt.n_sacks > CT_TCPOPT_BLOCKS_MAX ||
	    opt.wscale > CT_TCPOPT_WSCALE_MAX)
		fuzz_wrong("TCP options beyond their bounds");
	ct_ip6ext_walk(&cur, bytes ? bytes[0] : 0, &ext);
	if (ext.len > len)
		fuzz_wrong("extension headers longer than the packet");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	struct ct_pkt pkt = { 0 };
	struct ct_quote quote = { 0 };
	uint8_t how;

	if (!tbl)
		open_table();
	pkt.l3 = fuzz_u8(&in) % 2 ? CT_L3_IPV6 : CT_L3_IPV4;
	how = fuzz_u8(&in);
	pkt.csum = how % 4;
	pkt.len = (uint32_t)in.left;
	if (how & 4)
		pkt.frame_len = pkt.len + (how >> 3);
	pkt.data = fuzz_copy(in.at, in.left);

	raw(in.left ? pkt.data : NULL, in.left);
	whole(&pkt);
	quote.l3 = pkt.l3;
	quoted(&pkt, &quote);
	free(pkt.data);
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	const struct corpus_packet *packet;

	if (n >= corpus_size())
		return 0;
	packet = corpus_at(n);
	if (!packet->len || packet->len + 2 > FUZZ_INPUT_MAX)
		return fuzz_seed(n + 1, to);
	to[0] = packet->bytes[0] >> 4 == 6;
	to[1] = CT_CSUM_NONE;
	memcpy(to + 2, packet->bytes, packet->len);
	return packet->len + 2;
}
