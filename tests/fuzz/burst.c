/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps of the sequence fuzzer with many packets at a time; see world.h.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { BURST = 6, FLOODS_MAX = 64 };

static enum ct_verdict rule(void *user, struct ct_thread *thr,
			    struct ct_pkt *pkt)
{
	const uint8_t *what = user;

	if ((*what & 8) &&
	    ct_nat_setup(thr, pkt, CT_NAT_SRC, NULL) == CT_E_INVAL)
		fuzz_wrong("a null mapping makes no sense");
	if (pkt->state != CT_NEW && pkt->state != CT_RELATED)
		fuzz_wrong("a rule is asked about what is not new");
	return *what & 64 ? CT_DROP : CT_ACCEPT;
}

static void run(struct ct_thread *thr, struct ct_pkt *const *pkts, unsigned n,
		uint8_t what)
{
	const struct ct_rules rules = {
		.size = sizeof(rules),
		.user = &what,
		.new_conn = rule,
	};
	enum ct_verdict verdicts[BURST];

	if (what & 128) {
		ct_forward_burst(thr, pkts, n, what & 32 ? &rules : NULL,
				 verdicts);
		return;
	}
	ct_process_burst(thr, pkts, n, CT_HOOK_PREROUTING, verdicts);
	for (unsigned i = 0; i < n; i++)
		expect_answer(pkts[i], verdicts[i]);
	ct_confirm_burst(thr, pkts, n, verdicts);
}

void world_burst(struct world *w, struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in);
	struct ct_thread *thr = world_handle(w, what >> 4);
	struct ct_pkt pkt[BURST] = { 0 };
	struct ct_pkt *pkts[BURST];
	uint8_t *bytes[BURST]; /* NAT64 may begin a packet elsewhere */
	unsigned n = what % BURST + 1;

	if (!thr)
		return;
	for (unsigned i = 0; i < n; i++) {
		flight_choose(w, in, &pkt[i]);
		pkts[i] = &pkt[i];
		bytes[i] = pkt[i].data;
	}
	run(thr, pkts, n, what);
	for (unsigned i = 0; i < n; i++) {
		if (pkt[i].conn)
			read_conn(w, thr, pkt[i].conn);
		free(bytes[i]);
	}
}

void world_flood(struct world *w, struct fuzz_in *in)
{
	/* IPv4, UDP, from 10.0.0.2 to 198.51.100.5, port 53; no checksum */
	static const uint8_t udp[] = {
		0x45, 0, 0,   28, 0,   0, 0, 0, 64, 17, 0, 0, 10, 0,
		0,    2, 198, 51, 100, 5, 0, 0, 0,  53, 0, 8, 0,  0,
	};
	enum { SPORT_OFF = 20 };
	struct ct_thread *thr = world_handle(w, 0);
	unsigned n = fuzz_u8(in);
	uint8_t block = fuzz_u8(in);

	if (!thr || w->n_floods++ == FLOODS_MAX)
		return;
	for (unsigned i = 0; i < n; i++) {
		uint8_t bytes[sizeof(udp)];
		struct ct_pkt pkt = { .data = bytes, .len = sizeof(bytes) };
		enum ct_verdict verdict;

		memcpy(bytes, udp, sizeof(bytes));
		bytes[SPORT_OFF] = block;
		bytes[SPORT_OFF + 1] = (uint8_t)i;
		pkt.l3 = CT_L3_IPV4;
		verdict = ct_process(thr, &pkt, CT_HOOK_OUTPUT);
		expect_answer(&pkt, verdict);
		ct_confirm(thr, &pkt);
	}
}
