/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the SIP and RTSP helpers themselves, through a table.
 *
 *	byte 0	   enum how: which helper, transport, profile, NAT
 *	then	   pieces: two bytes, who and how long, and what is said
 *
 * Each piece is a packet.  Nothing of it is held after the table has ended, and
 * what leaves has a header that tells its length.
 */
#include "fuzz.h"
#include "host.h"
#include "payload.h"

#include <conntrack/conntrack.h>
#include <conntrack/nat.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum how { TCP = 1, RTSP = 2, NAT = 4, LIKE_LINUX = 8, ANYBODY = 16 };

enum { IP_LEN = 20, TCP_LEN = 20, UDP_LEN = 8, TAILROOM = 256 };
enum { FIN_ACK = 0x11, SYN = 0x02, SYN_ACK = 0x12, PSH_ACK = 0x18, ACK = 0x10 };

static const uint8_t inside[4] = { 10, 0, 0, 2 };
static const uint8_t outside[4] = { 203, 0, 113, 1 };
static const uint8_t server[4] = { 198, 51, 100, 5 };

struct stage {
	struct ct_table *tbl;
	struct ct_thread *thr;
	const struct ct_policy *policy;
	uint32_t said[CT_DIR_MAX];
	uint16_t port; /* of both ends */
	uint8_t how;   /* enum how */
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

static void set(struct stage *stage, const char *name, uint32_t value)
{
	if (ct_param_set(stage->tbl, name, value))
		fuzz_wrong("a parameter is missing");
}

static void open_stage(struct stage *stage, struct fuzz_mem *mem, uint8_t how)
{
	struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 64 };
	struct ct_policy_def def = { .size = sizeof(def) };
	struct ct_host host;

	*stage = (struct stage){ .how = how, .port = 5060 };
	fuzz_host(&host, mem);
	cfg.host = &host;
	cfg.profile =
		how & LIKE_LINUX ? CT_PROFILE_LINUX : CT_PROFILE_RECOMMENDED;
	if (ct_table_create(&cfg, &stage->tbl))
		fuzz_wrong("no table");
	set(stage, "tcp.be_liberal", 1);
	if (how & ANYBODY) {
		set(stage, "helper.sip.direct_media", 0);
		set(stage, "helper.sip.direct_signalling", 0);
	}
	if (ct_thread_attach(stage->tbl, &stage->thr))
		fuzz_wrong("no thread");
	ct_thread_poll(stage->thr, UINT64_C(1000000000000));
	def.helper = how & RTSP ? "rtsp" : "sip";
	if (ct_policy_create(stage->tbl, &def, &stage->policy))
		fuzz_wrong("no policy");
}

static uint32_t head(const struct stage *stage, enum ct_dir who, uint8_t flags,
		     uint32_t len, uint8_t *to)
{
	bool translated = (stage->how & NAT) && who == CT_DIR_REPLY;
	uint32_t l4 = stage->how & TCP ? TCP_LEN : UDP_LEN;

	memset(to, 0, IP_LEN + l4);
	to[0] = 0x45;
	put16(to + 2, IP_LEN + l4 + len);
	to[8] = 64;
	to[9] = stage->how & TCP ? IPPROTO_TCP : IPPROTO_UDP;
	memcpy(to + 12, who == CT_DIR_ORIG ? inside : server, 4);
	memcpy(to + 16,
	       who == CT_DIR_ORIG ? server
	       : translated       ? outside
				  : inside,
	       4);
	put16(to + IP_LEN, stage->port);
	put16(to + IP_LEN + 2, stage->port);
	if (!(stage->how & TCP)) {
		put16(to + IP_LEN + 4, UDP_LEN + len);
		return IP_LEN + l4;
	}
	put32(to + IP_LEN + 4, stage->said[who]);
	put32(to + IP_LEN + 8, stage->said[who == CT_DIR_ORIG]);
	to[IP_LEN + 12] = 0x50;
	to[IP_LEN + 13] = flags;
	put16(to + IP_LEN + 14, 65535);
	return IP_LEN + l4;
}

static void choose(struct stage *stage, struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	if (!(stage->how & NAT) || !pkt->conn ||
	    ct_conn_status(pkt->conn) & CT_S_CONFIRMED)
		return;
	memcpy(range.min_addr.bytes, outside, 4);
	range.max_addr = range.min_addr;
	ct_nat_setup(stage->thr, pkt, CT_NAT_DST, NULL);
	ct_nat_setup(stage->thr, pkt, CT_NAT_SRC, &range);
}

static void say(struct stage *stage, enum ct_dir who, uint8_t flags,
		const uint8_t *text, uint32_t len)
{
	uint8_t *bytes = malloc(IP_LEN + TCP_LEN + len + TAILROOM);
	struct ct_pkt pkt = { .data = bytes, .l3 = CT_L3_IPV4 };
	uint32_t off;

	if (!bytes)
		fuzz_wrong("the fuzzer itself is out of memory");
	off = head(stage, who, flags, len, bytes);
	if (len)
		memcpy(bytes + off, text, len);
	pkt.len = off + len;
	pkt.tailroom = IP_LEN + TCP_LEN + len + TAILROOM - pkt.len;
	pkt.csum = CT_CSUM_VERIFIED;
	pkt.policy = stage->policy;
	if (ct_process(stage->thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT) {
		choose(stage, &pkt);
		ct_nat_apply(stage->thr, &pkt, CT_HOOK_PREROUTING);
		ct_nat_apply(stage->thr, &pkt, CT_HOOK_POSTROUTING);
		if (ct_confirm(stage->thr, &pkt) == CT_ACCEPT &&
		    ((uint32_t)bytes[2] << 8 | bytes[3]) != pkt.len)
			fuzz_wrong("a packet of another length than it says");
	}
	stage->said[who] += len + (flags >> 1 & 1);
	free(bytes);
}

static void play(struct stage *stage, struct fuzz_in *in)
{
	if (stage->how & TCP) {
		say(stage, CT_DIR_ORIG, SYN, NULL, 0);
		say(stage, CT_DIR_REPLY, SYN_ACK, NULL, 0);
		say(stage, CT_DIR_ORIG, ACK, NULL, 0);
	}
	for (unsigned n = 0; in->left && n < 16; n++) {
		uint16_t piece = fuzz_u16(in);
		enum ct_dir who = piece >> 15 ? CT_DIR_REPLY : CT_DIR_ORIG;
		uint32_t len = piece & 0x3fff;

		if (len > in->left)
			len = (uint32_t)in->left;
		/* Some of it comes once more. */
		if (piece >> 14 & 1)
			stage->said[who] -= len / 2;
		say(stage, who, PSH_ACK, in->at, len);
		in->at += len;
		in->left -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	struct fuzz_mem mem = { 0 };
	struct stage stage;

	open_stage(&stage, &mem, fuzz_u8(&in));
	play(&stage, &in);
	ct_thread_detach(stage.thr);
	ct_table_destroy(stage.tbl);
	if (mem.blocks)
		fuzz_wrong("memory that is not given back");
	return 0;
}

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "SIP/2.0") ||
	       payload_has(payload, "RTSP/1.0");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	struct payload payload;
	uint8_t steer[3];

	if (!payload_at(n / 8, wanted, &payload))
		return 0;
	steer[0] = (uint8_t)((n & 7) << 2 | (n & 1));
	if (payload_has(&payload, "RTSP/1.0"))
		steer[0] |= RTSP | TCP;
	put16(steer + 1, n & 2 ? (uint32_t)payload.len / 2 : 0x3fff);
	return payload_seed(&payload, steer, sizeof(steer), to);
}
