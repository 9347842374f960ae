/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper in a table; see dialog.h.
 */
#include "dialog.h"

#include "audit.h"
#include "host.h"

#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/expect.h>
#include <conntrack/nat.h>
#include <conntrack/policy.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_NAT = 1,
	OPT_STREAM = 2,
	OPT_STRICT = 4,
	FROM_SERVER = 128,
	AGAIN = 64,
	IP_LEN = 20,
	TCP = 6,
	UDP = 17,
	SCTP = 132,
	SCTP_PORTS = 4, /* all that is not the message's */
	PACKET_MAX_LEN = 2048,
	KNOCKS_MAX = 64,
	MESSAGES_MAX = 40,
	HELD_MAX = 17 /* of 16 bytes and a port */
};

static const uint8_t client[4] = { 10, 0, 0, 2 };
static const uint8_t server[4] = { 198, 51, 100, 5 };
static const uint8_t outside[4] = { 203, 0, 113, 1 };

struct dialog {
	const struct dialog_kind *kind;
	struct fuzz_mem mem;
	struct ct_table *tbl;
	struct ct_thread *thr;
	const struct ct_policy *policy;
	struct ct_conn *conn;
	uint32_t seq[CT_DIR_MAX];
	uint8_t options;
	uint8_t packet[PACKET_MAX_LEN];
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* --- Packets ------------------------------------------------------------ */

/* => Where the transport header begins. */
static uint8_t *ip(struct dialog *d, const uint8_t *src, const uint8_t *dst,
		   uint8_t l4, uint32_t l4_len)
{
	uint8_t *at = d->packet;
	uint32_t sum = 0;

	memset(at, 0, IP_LEN + l4_len);
	at[0] = 0x45;
	put16(at + 2, IP_LEN + l4_len);
	at[8] = 64;
	at[9] = l4;
	memcpy(at + 12, src, 4);
	memcpy(at + 16, dst, 4);
	for (unsigned i = 0; i < IP_LEN; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(at + 10, ~(sum + (sum >> 16)));
	return at + IP_LEN;
}

static void map(struct dialog *d, struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	if (!pkt->conn || pkt->state != CT_NEW)
		return;
	memcpy(&range.min_addr, outside, sizeof(outside));
	range.max_addr = range.min_addr;
	ct_nat_setup(d->thr, pkt, CT_NAT_DST, NULL);
	ct_nat_setup(d->thr, pkt, CT_NAT_SRC,
		     memcmp(pkt->data + 12, client, 4) ? NULL : &range);
}

/* => The packet was accepted; its length is what it was, but for the first bytes
 * of an address that is held back. */
static bool send_on(struct dialog *d, struct ct_pkt *pkt, uint32_t len)
{
	*pkt = (struct ct_pkt){
		.data = d->packet,
		.len = len,
		.tailroom = PACKET_MAX_LEN - len,
		.l3 = CT_L3_IPV4,
		.policy = d->policy,
	};
	if (ct_process(d->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return false;
	if (d->options & OPT_NAT)
		map(d, pkt);
	if (ct_nat_apply(d->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    ct_nat_apply(d->thr, pkt, CT_HOOK_POSTROUTING) != CT_ACCEPT) {
		ct_abandon(d->thr, pkt);
		return false;
	}
	if (ct_confirm(d->thr, pkt) != CT_ACCEPT)
		return false;
	if (pkt->len != len && !(d->options & OPT_STREAM))
		fuzz_wrong("a length has changed");
	if (pkt->len > len || len - pkt->len > HELD_MAX)
		fuzz_wrong("more was cut off than begins an address");
	return true;
}

static void check(const struct dialog *d)
{
	const char *wrong = ct_table_check(d->tbl);

	if (wrong)
		fuzz_wrong(wrong);
}

/* --- The connection ----------------------------------------------------- */

static uint8_t *transport(struct dialog *d, enum ct_dir dir, uint32_t l4_len)
{
	const uint8_t *self = d->options & OPT_NAT ? outside : client;
	uint8_t *at = dir == CT_DIR_ORIG
			      ? ip(d, client, server, d->kind->l4, l4_len)
			      : ip(d, server, self, d->kind->l4, l4_len);

	put16(at + (dir == CT_DIR_ORIG ? 0 : 2), 40000);
	put16(at + (dir == CT_DIR_ORIG ? 2 : 0), d->kind->port);
	return at;
}

static void segment(struct dialog *d, enum ct_dir dir, uint8_t flags)
{
	uint8_t *at = transport(d, dir, 20);
	struct ct_pkt pkt;

	put32(at + 4, d->seq[dir]);
	put32(at + 8, flags & 0x10 ? d->seq[!dir] : 0);
	at[12] = 0x50;
	at[13] = flags;
	put16(at + 14, 60000);
	if (send_on(d, &pkt, IP_LEN + 20))
		d->conn = pkt.conn;
	d->seq[dir] += flags & 2 ? 1 : 0;
}

static void say(struct dialog *d, enum ct_dir dir, const uint8_t *bytes,
		uint32_t len)
{
	uint32_t header = d->kind->l4 == TCP   ? 20
			  : d->kind->l4 == UDP ? 8
					       : SCTP_PORTS;
	uint8_t *at = transport(d, dir, header + len);
	struct ct_pkt pkt;

	if (d->kind->l4 == TCP) {
		put32(at + 4, d->seq[dir]);
		put32(at + 8, d->seq[!dir]);
		at[12] = 0x50;
		at[13] = 0x18;
		put16(at + 14, 60000);
	} else if (d->kind->l4 == UDP) {
		put16(at + 4, header + len);
	}
	memcpy(at + header, bytes, len);
	if (send_on(d, &pkt, IP_LEN + header + len))
		d->seq[dir] += pkt.len - IP_LEN - header;
	check(d);
}

static void messages(struct dialog *d, struct fuzz_in *in)
{
	for (unsigned i = 0; in->left && i < MESSAGES_MAX; i++) {
		uint8_t head = fuzz_u8(in);
		enum ct_dir dir =
			head & FROM_SERVER ? CT_DIR_REPLY : CT_DIR_ORIG;
		uint32_t len = fuzz_u16(in) % (PACKET_MAX_LEN - 100);
		uint32_t seq = d->seq[dir];
		uint8_t *copy;

		if (len > in->left)
			len = (uint32_t)in->left;
		if (head & AGAIN)
			d->seq[dir] -= len;
		copy = fuzz_copy(in->at, len);
		say(d, dir, copy, len);
		free(copy);
		in->at += len;
		in->left -= len;
		if (head & AGAIN)
			d->seq[dir] = seq;
	}
}

/* --- Whoever is expected ------------------------------------------------ */

struct knocks {
	struct dialog *d;
	struct ct_tuple t[KNOCKS_MAX];
	unsigned n;
};

static bool note(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct knocks *knocks = user;

	if (ct_expect_view(knocks->d->thr, exp, &view))
		fuzz_wrong("an expectation cannot be read");
	if (!view.master)
		fuzz_wrong("an expectation has no master");
	knocks->t[knocks->n++] = view.def.tuple;
	return knocks->n < KNOCKS_MAX;
}

/* A packet with this tuple; GRE has what is needed in the same places, and of
 * SCTP it is a HEARTBEAT with the tag 0. */
static void knock(struct dialog *d, const struct ct_tuple *t)
{
	uint32_t len = t->l4 == TCP ? 20 : 16;
	uint8_t *at = ip(d, t->src.bytes, t->dst.bytes, t->l4, len);
	struct ct_pkt pkt;

	if (t->l4 == TCP || t->l4 == UDP || t->l4 == SCTP) {
		memcpy(at, &t->src_id, 2);
		memcpy(at + 2, &t->dst_id, 2);
		if (t->l4 == UDP)
			put16(at + 4, len);
		if (t->l4 == TCP) {
			at[12] = 0x50;
			at[13] = 2;
		} else if (t->l4 == SCTP) {
			put32(at + 12, 0x04000004);
		}
	} else {
		put32(at, 0x3001880b);
		memcpy(at + 6, &t->dst_id, 2);
	}
	send_on(d, &pkt, IP_LEN + len);
	check(d);
}

static void all_knock(struct dialog *d)
{
	struct knocks knocks = { .d = d };

	ct_expect_walk(d->thr, NULL, note, &knocks);
	d->policy = NULL;
	for (unsigned i = 0; i < knocks.n; i++)
		knock(d, &knocks.t[i]);
}

/* --- An input ----------------------------------------------------------- */

static void make(struct dialog *d)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = d->kind->helper };
	struct ct_host host;
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = 128,
				       .profile = CT_PROFILE_LINUX };

	fuzz_host(&host, &d->mem);
	if (ct_table_create(&cfg, &d->tbl) ||
	    ct_param_set(d->tbl, "checksum", 0) ||
	    ct_param_set(d->tbl, "sctp.multihoming", 1) ||
	    ct_param_set(d->tbl, "helper.stream",
			 d->options & OPT_STREAM ? 4096 : 0) ||
	    ct_param_set(d->tbl, "helper.strict",
			 d->options & OPT_STRICT ? 1 : 0) ||
	    ct_policy_create(d->tbl, &def, &d->policy) ||
	    ct_thread_attach(d->tbl, &d->thr))
		fuzz_wrong("there is no table");
	ct_thread_poll(d->thr, 1000000000);
}

static void end(struct dialog *d)
{
	ct_flush(d->thr, NULL);
	ct_thread_poll(d->thr, 2000000000);
	ct_thread_poll(d->thr, 3000000000);
	check(d);
	ct_thread_detach(d->thr);
	ct_table_destroy(d->tbl);
	if (d->mem.blocks || d->mem.bytes)
		fuzz_wrong("memory is lost");
}

void dialog_run(const struct dialog_kind *kind, const uint8_t *bytes,
		size_t len)
{
	static struct dialog d;
	struct fuzz_in in = { bytes, len };
	uint8_t refusals;

	d = (struct dialog){ .kind = kind, .seq = { 1000, 5000 } };
	d.options = fuzz_u8(&in);
	refusals = fuzz_u8(&in);
	make(&d);
	if (kind->l4 == TCP) {
		segment(&d, CT_DIR_ORIG, 2);
		segment(&d, CT_DIR_REPLY, 0x12);
		segment(&d, CT_DIR_ORIG, 0x10);
	}
	d.mem.refusals = refusals;
	messages(&d, &in);
	d.mem.refusals = 0;
	all_knock(&d);
	end(&d);
}

size_t dialog_begin(uint8_t *to, uint8_t options)
{
	to[0] = options;
	to[1] = 0;
	return 2;
}

size_t dialog_add(uint8_t *to, size_t at, uint8_t head, const void *bytes,
		  size_t len)
{
	if (at + 3 + len > FUZZ_INPUT_MAX)
		return at;
	to[at] = head;
	put16(to + at + 1, (uint32_t)len);
	memcpy(to + at + 3, bytes, len);
	return at + 3 + len;
}
