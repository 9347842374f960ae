/* SPDX-License-Identifier: CC0-1.0 */
/*
 * proxy-expect: a host that expects connections by itself, in the public
 * domain.
 *
 * A transparent proxy handles the set-up of calls: it understands its own
 * protocol and needs no helper.  What it must tell the table is which media
 * belong to a call.  So for each call it adds an expectation; the media pass
 * without it, as CT_RELATED, and the call's end takes them along.
 */
#include <arpa/inet.h>
#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/expect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

enum { UDP = 17, IP_LEN = 20, HEADERS = IP_LEN + 8, RING_S = 20 };

enum { CALLER = 0x0a000002, CALLED = 0xc6336405 }; /* 10.0.0.2, 198.51.100.5 */

static void check(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s\n", what, ct_strerror(error));
	exit(EXIT_FAILURE);
}

/* --- Packets ------------------------------------------------------------ */

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

/* A datagram of nothing, which passes if it fits to what we know.
 *
 * => Its connection, borrowed; NULL when it was dropped. */
static struct ct_conn *pass(struct ct_thread *thr, uint32_t src, uint16_t sport,
			    uint32_t dst, uint16_t dport)
{
	static const char *const states[CT_STATE_MAX] = {
		"invalid", "new", "established", "related", "untracked"
	};
	uint8_t ip[HEADERS] = { 0x45, 0, 0, HEADERS, 0, 0, 0, 0, 64, UDP };
	struct ct_pkt pkt = { .data = ip, .len = HEADERS, .l3 = CT_L3_IPV4 };
	uint32_t sum = 0;

	put32(ip + 12, src);
	put32(ip + 16, dst);
	for (int i = 0; i < IP_LEN; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	put16(ip + 10, ~(sum + (sum >> 16)));
	put16(ip + 20, sport);
	put16(ip + 22, dport);
	put16(ip + 24, HEADERS - IP_LEN);
	ct_process(thr, &pkt, CT_HOOK_PREROUTING);
	printf("%5u -> %-5u %s", sport, dport, states[pkt.state]);
	if (pkt.state == CT_NEW && dport != 5060) { /* the proxy's rule */
		puts(", dropped");
		ct_abandon(thr, &pkt);
		return NULL;
	}
	puts("");
	return ct_confirm(thr, &pkt) == CT_ACCEPT ? pkt.conn : NULL;
}

/* --- The proxy ---------------------------------------------------------- */

/* Media of a call, to a port of the caller's that its set-up named. */
static struct ct_expect *expect_media(struct ct_thread *thr,
				      struct ct_conn *call, uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def),
				     .flags = CT_EXPECT_USERSPACE,
				     .timeout_s = RING_S };
	struct ct_expect *exp;

	ct_conn_tuple(call, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0; /* from any port, but of the called host */
	def.tuple.dst_id = htons(port);
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	check(ct_expect_add(thr, call, &def, &exp), "expectation");
	return exp;
}

static bool show(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };

	check(ct_expect_view(user, exp, &view), "view");
	printf("               expected: port %u, for %u s\n",
	       ntohs(view.def.tuple.dst_id), view.def.timeout_s);
	return true;
}

static void on_event(void *user, const struct ct_event_info *ev)
{
	struct ct_expect_view view = { .size = sizeof(view) };

	(void)user;
	ct_expect_view(ev->thr, ev->exp, &view);
	printf("               port %u is %s\n", ntohs(view.def.tuple.dst_id),
	       ev->events == CT_EV_EXPECT_NEW ? "expected"
					      : "no more expected");
}

static void converse(struct ct_thread *thr)
{
	struct ct_conn *call, *media;
	struct ct_expect *video;

	puts("A call is set up.");
	call = pass(thr, CALLER, 5000, CALLED, 5060);
	ct_conn_mark_set(thr, call, 7);
	pass(thr, CALLED, 9000, CALLER, 6000);
	puts("The proxy has read where its media go.");
	expect_media(thr, call, 6000);
	video = expect_media(thr, call, 6002);
	expect_media(thr, call, 6004);
	ct_expect_walk(thr, call, show, thr);
	puts("The media come.");
	media = pass(thr, CALLED, 9000, CALLER, 6000);
	pass(thr, CALLER, 6000, CALLED, 9000);
	printf("               mark %u, of the call; its master is %s\n",
	       ct_conn_mark(media),
	       ct_conn_master(ct_thread_table(thr), media) == call ? "the call"
								   : "another");
	puts("The call is answered without video: that is taken back.");
	check(ct_expect_remove(thr, video), "removal");
	pass(thr, CALLED, 9002, CALLER, 6002);
	puts("The called one rings off: what is left goes with the call.");
	check(ct_conn_delete(thr, call), "end");
	pass(thr, CALLED, 9004, CALLER, 6004);
}

int main(void)
{
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct ct_sub *sub;

	check(ct_table_create(NULL, &tbl), "table");
	check(ct_subscribe(tbl, CT_EV_EXPECT, on_event, NULL, &sub), "events");
	check(ct_thread_attach(tbl, &thr), "thread");
	ct_thread_poll(thr, SECOND);
	converse(thr);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	return 0;
}
