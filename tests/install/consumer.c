/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stranger: knows the installed headers only.  Tracks one UDP packet and its
 * answer; argv[1] is the version that it expects.
 */
#include <conntrack/conntrack.h>

#include <stdio.h>
#include <string.h>

static const uint8_t query[] = { 0x45, 0,    0,    29,   0,    0, 0x40,
				 0,    64,   17,   0x26, 0xce, /* IPv4, UDP */
				 10,   0,    0,    1,    10,   0, 0,
				 2,    0x30, 0x39, 0,    53, /* 12345 to 53 */
				 0,    9,    0,    0,    'q' };

static struct ct_pkt packet_of(uint8_t *bytes)
{
	struct ct_pkt pkt;

	memset(&pkt, 0, sizeof(pkt));
	pkt.data = bytes;
	pkt.len = sizeof(query);
	pkt.l3 = CT_L3_IPV4;
	return pkt;
}

/* The answer: addresses and ports swapped. */
static void turn_round(uint8_t *bytes)
{
	memcpy(bytes + 12, query + 16, 4);
	memcpy(bytes + 16, query + 12, 4);
	memcpy(bytes + 20, query + 22, 2);
	memcpy(bytes + 22, query + 20, 2);
}

static int track(struct ct_thread *thr)
{
	uint8_t bytes[sizeof(query)];
	struct ct_pkt pkt;

	memcpy(bytes, query, sizeof(query));
	pkt = packet_of(bytes);
	ct_thread_poll(thr, 1000000000u);
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    pkt.state != CT_NEW)
		return 1;
	if (ct_confirm(thr, &pkt) != CT_ACCEPT)
		return 2;

	turn_round(bytes);
	pkt = packet_of(bytes);
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    pkt.state != CT_ESTABLISHED || pkt.dir != CT_DIR_REPLY)
		return 3;
	return ct_confirm(thr, &pkt) == CT_ACCEPT ? 0 : 4;
}

int main(int argc, char **argv)
{
	struct ct_table *tbl;
	struct ct_thread *thr;
	int result = 5;

	if (argc != 2 || strcmp(argv[1], ct_version()) ||
	    strcmp(argv[1], CT_VERSION)) {
		fprintf(stderr, "this is %s\n", ct_version());
		return 6;
	}
	if (ct_table_create(NULL, &tbl))
		return 7;
	if (!ct_thread_attach(tbl, &thr)) {
		result = track(thr);
		ct_thread_detach(thr);
	}
	ct_table_destroy(tbl);
	return result;
}
