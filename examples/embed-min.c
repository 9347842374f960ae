/* SPDX-License-Identifier: CC0-1.0 */
/* A whole host, in the public domain: two packets of a DNS look-up meet a
 * table, and a minute of silence ends what they began. */
#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <stdio.h>

/* 10.0.0.2:5000 asks 198.51.100.5:53, and is answered. */
static uint8_t query[] = { 0x45, 0x00, 0x00, 0x20, 0x00, 0x01, 0x00, 0x00,
			   0x40, 0x11, 0x46, 0x92, 10,   0,    0,    2,
			   198,  51,   100,  5,    0x13, 0x88, 0x00, 0x35,
			   0x00, 0x0c, 0xdf, 0x1b, 'd',  'a',  't',  'a' };
static uint8_t answer[] = { 0x45, 0x00, 0x00, 0x20, 0x00, 0x01, 0x00, 0x00,
			    0x40, 0x11, 0x46, 0x92, 198,  51,   100,  5,
			    10,   0,    0,    2,    0x00, 0x35, 0x13, 0x88,
			    0x00, 0x0c, 0xdf, 0x1b, 'd',  'a',  't',  'a' };

static void on_event(void *user, const struct ct_event_info *ev)
{
	char line[1024];

	(void)user;
	if (ct_event_text(ev, CT_TEXT_LIST, line, sizeof(line)) > 0)
		puts(line);
}

static void one_packet(struct ct_thread *thr, uint8_t *bytes, uint32_t len)
{
	struct ct_pkt pkt = { .data = bytes, .len = len, .l3 = CT_L3_IPV4 };

	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return;                /* no room: pkt.reason says more */
	if (pkt.state == CT_INVALID)   /* your rules stand here */
		ct_abandon(thr, &pkt); /* dropped: no trace is left */
	else
		ct_confirm(thr, &pkt); /* on its way: now it counts */
}

int main(void)
{
	const uint64_t second = 1000000000; /* time is yours, in ns */
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct ct_sub *sub;

	if (ct_table_create(NULL, &tbl) ||
	    ct_subscribe(tbl, CT_EV_ALL, on_event, NULL, &sub) ||
	    ct_thread_attach(tbl, &thr))
		return 1;
	ct_thread_poll(thr, 1 * second);
	one_packet(thr, query, sizeof(query));
	one_packet(thr, answer, sizeof(answer));
	ct_thread_poll(thr, 62 * second); /* the end is told from in here */
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	return 0;
}
