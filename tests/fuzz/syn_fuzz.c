/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SYN proxy and probes, between a client and a server who say what the
 * input wants: handshakes with any options, cookies that are right or nearly,
 * answers that fit or do not, in any order, translated or not.
 *
 * What leaves, and what the table sends by itself, must be whole: its lengths
 * agree, its checksums are right.  In the end nothing is left.
 */
#include "audit.h"
#include "fuzz.h"
#include "host.h"
#include "wire/build.h"
#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/iphead.h"
#include "wire/tcpopt.h"

#include <conntrack/burst.h>
#include <conntrack/conntrack.h>
#include <conntrack/nat.h>
#include <stdlib.h>
#include <string.h>

enum { ISN = 1000, SERVER = 70000, STEPS = 64, PLAIN_MAX = 256 };
enum { IPV6 = 1, BURST = 2, NAT = 4, PROBES = 8 };

/* Who talks, and what is known of the other. */
static struct talk {
	struct fuzz_mem mem;
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint64_t now_ns;
	uint8_t kind; /* set of IPV6, BURST, NAT, PROBES */
	uint32_t cookie;
	uint32_t tsval;              /* that the client was given */
	struct ct_segment at_server; /* the last SYN there */
	unsigned n_sent;
} talk;

/* --- What leaves ----------------------------------------------------------- */

static uint32_t pseudo_of(const struct ct_iphead *head, uint8_t l3)
{
	uint32_t len = l3 == CT_L3_IPV4 ? 4 : 16;
	uint32_t sum = head->l4 + head->payload;

	sum = ct_csum_add(sum, head->src.bytes, len);
	return ct_csum_add(sum, head->dst.bytes, len);
}

static void expect_whole(const struct ct_pkt *pkt)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	struct ct_iphead head;
	uint32_t off;
	uint32_t sum;

	if (!ct_iphead_read(&head, pkt->l3, &cur) || head.l4 != CT_IPPROTO_TCP)
		fuzz_wrong("what leaves is no segment");
	off = (uint32_t)(cur.at - pkt->data);
	if (off + head.payload > pkt->len)
		fuzz_wrong("what leaves is cut");
	if (pkt->l3 == CT_L3_IPV4 &&
	    ct_csum_fold(ct_csum_add(0, pkt->data, off)) != 0)
		fuzz_wrong("a header's sum is wrong");
	sum = ct_csum_fold(pseudo_of(&head, pkt->l3));
	if (pkt->csum == CT_CSUM_PARTIAL) {
		if ((ct_csum_load(pkt->data + off + CT_TCP_SUM_OFF) ^ sum) !=
		    UINT16_MAX)
			fuzz_wrong("a partial sum is wrong");
		return;
	}
	if (ct_csum_fold(ct_csum_add(pseudo_of(&head, pkt->l3), pkt->data + off,
				     head.payload)) != 0)
		fuzz_wrong("a segment's sum is wrong");
}

/* What a client learns from an answer. */
static void note_answer(const struct ct_segment *seg)
{
	struct ct_tcpopt opt;

	if (!(seg->flags & CT_SEG_SYN))
		return;
	ct_tcpopt_parse(ct_cursor_of(seg->options, seg->options_len), &opt);
	talk.cookie = seg->seq;
	talk.tsval = opt.tsval;
}

static void emit(void *user, const struct ct_pkt *pkt)
{
	uint8_t *bytes = fuzz_copy(pkt->data, pkt->len);
	struct ct_segment seg;

	(void)user;
	if (!(pkt->flags & CT_PKT_UNTRACKED))
		fuzz_wrong("what the table sends would be tracked");
	if (!ct_segment_read(&seg, pkt->l3, bytes, pkt->len))
		fuzz_wrong("what the table sends is no segment");
	expect_whole(pkt);
	note_answer(&seg);
	talk.n_sent++;
	free(bytes);
}

/* --- The router ------------------------------------------------------------- */

static struct ct_nat_range range_of(uint8_t host)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	range.min_addr.bytes[0] = talk.kind & IPV6 ? 0x20 : 192;
	range.min_addr.bytes[talk.kind & IPV6 ? 15 : 3] = host;
	range.max_addr = range.min_addr;
	return range;
}

static enum ct_verdict rule(void *user, struct ct_thread *thr,
			    struct ct_pkt *pkt)
{
	const struct ct_nat_range to = range_of(9), by = range_of(1);

	(void)user;
	if (talk.kind & NAT) {
		ct_nat_setup(thr, pkt, CT_NAT_DST, &to);
		ct_nat_setup(thr, pkt, CT_NAT_SRC, &by);
	}
	return CT_ACCEPT;
}

static enum ct_verdict by_verbs(struct ct_pkt *pkt)
{
	if (ct_process(talk.thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return CT_DROP;
	if (pkt->conn && !(ct_conn_status(pkt->conn) & CT_S_CONFIRMED))
		rule(NULL, talk.thr, pkt);
	if (ct_nat_apply(talk.thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT ||
	    ct_nat_apply(talk.thr, pkt, CT_HOOK_POSTROUTING) != CT_ACCEPT) {
		ct_abandon(talk.thr, pkt);
		return CT_DROP;
	}
	return ct_confirm(talk.thr, pkt);
}

static enum ct_verdict by_burst(struct ct_pkt *pkt)
{
	const struct ct_rules rules = { .size = sizeof(rules),
					.new_conn = rule };
	enum ct_verdict verdict;

	ct_forward_burst(talk.thr, &pkt, 1, &rules, &verdict);
	return verdict;
}

static void route(struct ct_pkt *pkt, enum ct_dir dir)
{
	enum ct_verdict verdict =
		talk.kind & BURST ? by_burst(pkt) : by_verbs(pkt);
	struct ct_segment seg;

	if (verdict != CT_ACCEPT || pkt->state == CT_INVALID)
		return;
	expect_whole(pkt);
	if (dir == CT_DIR_ORIG &&
	    ct_segment_read(&seg, pkt->l3, pkt->data, pkt->len) &&
	    (seg.flags & CT_SEG_SYN))
		talk.at_server = seg;
}

/* --- Segments --------------------------------------------------------------- */

/* Room behind it, sum and what is known of that are the input's. */
static void say(struct fuzz_in *in, struct ct_segment *seg, uint32_t data,
		enum ct_dir dir)
{
	uint8_t l3 = talk.kind & IPV6 ? CT_L3_IPV6 : CT_L3_IPV4;
	uint8_t bytes[PLAIN_MAX] = { 0 }, how = fuzz_u8(in);
	struct ct_iphead head = { .src = seg->src,
				  .dst = seg->dst,
				  .payload = CT_TCP_HDR_LEN + seg->options_len +
					     data,
				  .hops = 64,
				  .l4 = CT_IPPROTO_TCP };
	uint32_t off = ct_iphead_write(&head, l3, bytes);
	struct ct_built built;
	struct ct_pkt pkt;
	uint8_t *tcp = bytes + off;
	uint32_t sum = pseudo_of(&head, l3);

	ct_build_segment(&built, l3, seg);
	memcpy(tcp, built.bytes + built.len - CT_TCP_HDR_LEN - seg->options_len,
	       CT_TCP_HDR_LEN + seg->options_len);
	memset(tcp + CT_TCP_HDR_LEN + seg->options_len, how, data);
	ct_csum_store(tcp + CT_TCP_SUM_OFF, 0);
	pkt = (struct ct_pkt){
		.tailroom = how & 63,
		.csum = how & 64 ? CT_CSUM_PARTIAL : CT_CSUM_NONE,
		.l3 = l3,
		.len = off + head.payload,
	};
	ct_csum_store(
		tcp + CT_TCP_SUM_OFF,
		how & 64 ? (uint16_t)~ct_csum_fold(sum)
			 : ct_csum_fold(ct_csum_add(sum, tcp, head.payload)));
	pkt.data = fuzz_roomy(bytes, pkt.len, pkt.tailroom);
	route(&pkt, dir);
	free(pkt.data);
}

/* Right ones, or whatever the input has. */
static void options_of(struct fuzz_in *in, struct ct_segment *seg, bool syn)
{
	uint8_t how = fuzz_u8(in);
	const struct ct_tcpopt opt = {
		.has_mss = syn && how & 1,
		.mss = fuzz_u16(in),
		.sack_perm = syn && how & 2,
		.has_wscale = syn && how & 4,
		.wscale = how >> 3 & 15,
		.has_timestamp = how >> 7,
		.tsval = 777,
		.tsecr = syn ? 0 : talk.tsval,
	};

	if (how != 0x7f) {
		seg->options_len = (uint8_t)ct_tcpopt_write(seg->options, &opt);
		return;
	}
	seg->options_len = (uint8_t)(fuzz_u8(in) % 11 * 4);
	for (unsigned i = 0; i < seg->options_len; i++)
		seg->options[i] = fuzz_u8(in);
}

static struct ct_segment from_client(void)
{
	struct ct_segment seg = { .src_port = 0x3412,
				  .dst_port = 0x5000,
				  .window = 1000 };

	seg.src.bytes[0] = talk.kind & IPV6 ? 0x20 : 10;
	seg.dst.bytes[0] = talk.kind & IPV6 ? 0x20 : 198;
	seg.src.bytes[talk.kind & IPV6 ? 15 : 3] = 2;
	seg.dst.bytes[talk.kind & IPV6 ? 15 : 3] = 5;
	return seg;
}

static struct ct_segment from_server(void)
{
	return (struct ct_segment){ .src = talk.at_server.dst,
				    .dst = talk.at_server.src,
				    .src_port = talk.at_server.dst_port,
				    .dst_port = talk.at_server.src_port,
				    .window = 1000 };
}

/* --- Steps ------------------------------------------------------------------- */

static void step_syn(struct fuzz_in *in)
{
	struct ct_segment seg = from_client();

	seg.seq = ISN + (fuzz_u8(in) & 1) * 5000u;
	seg.flags = CT_SEG_SYN;
	options_of(in, &seg, true);
	say(in, &seg, 0, CT_DIR_ORIG);
}

static void step_ack(struct fuzz_in *in)
{
	struct ct_segment seg = from_client();
	uint8_t how = fuzz_u8(in);

	seg.seq = ISN + 1 - (how & 1) + (how >> 1 & 1) * 5000u;
	seg.ack = talk.cookie + 1;
	if (how > 240)
		seg.ack ^= 1u << (how & 31);
	seg.flags = CT_SEG_ACK;
	options_of(in, &seg, false);
	say(in, &seg, how >> 2 & 15, CT_DIR_ORIG);
}

static void step_server_answers(struct fuzz_in *in)
{
	struct ct_segment seg = from_server();

	seg.seq = SERVER;
	seg.ack = talk.at_server.seq + 1;
	seg.flags = CT_SEG_SYN | CT_SEG_ACK;
	options_of(in, &seg, true);
	say(in, &seg, fuzz_u8(in) % 8, CT_DIR_REPLY);
}

static void step_client_says(struct fuzz_in *in)
{
	struct ct_segment seg = from_client();

	seg.flags = fuzz_u8(in) & 0x1f;
	seg.seq = ISN + fuzz_u8(in);
	seg.ack = talk.cookie + fuzz_u8(in);
	options_of(in, &seg, false);
	say(in, &seg, fuzz_u8(in) % 64, CT_DIR_ORIG);
}

static void step_server_says(struct fuzz_in *in)
{
	struct ct_segment seg = from_server();

	seg.flags = fuzz_u8(in) & 0x1f;
	seg.seq = SERVER + fuzz_u8(in);
	seg.ack = ISN + fuzz_u8(in);
	options_of(in, &seg, false);
	say(in, &seg, fuzz_u8(in) % 64, CT_DIR_REPLY);
}

static void step_time(struct fuzz_in *in)
{
	static const uint32_t seconds[] = { 0, 1, 5, 64, 301 };

	talk.now_ns += seconds[fuzz_u8(in) % 5] * UINT64_C(1000000000);
	ct_thread_poll(talk.thr, talk.now_ns);
	ct_maintain(talk.tbl, talk.now_ns, 0);
}

static void step_set(struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in);

	ct_param_set(talk.tbl, "overflow.syn_proxy", how % 3);
	ct_param_set(talk.tbl, "overflow.syn_proxy.wscale", how >> 2 & 7);
	ct_param_set(talk.tbl, "overflow.syn_proxy.timestamps", how >> 7);
}

static void step(struct fuzz_in *in)
{
	static void (*const steps[])(struct fuzz_in *) = {
		step_syn,         step_ack,         step_server_answers,
		step_client_says, step_server_says, step_time,
		step_set,
	};

	steps[fuzz_u8(in) % (sizeof(steps) / sizeof(*steps))](in);
}

/* --- A table ------------------------------------------------------------------ */

static void open_table(struct fuzz_in *in)
{
	struct ct_config cfg = { .size = sizeof(cfg), .max_conns = 16 };
	struct ct_host host;

	memset(&talk, 0, sizeof(talk));
	fuzz_host(&host, &talk.mem);
	host.emit = emit;
	cfg.host = &host;
	talk.now_ns = UINT64_C(1000000000000);
	talk.kind = fuzz_u8(in);
	talk.at_server = from_client();
	if (ct_table_create(&cfg, &talk.tbl) ||
	    ct_param_set(talk.tbl, "overflow.syn_proxy", 2) ||
	    ct_param_set(talk.tbl, "overflow.half_open.max", 2) ||
	    ct_param_set(talk.tbl, "overflow.low", 0) ||
	    ct_param_set(talk.tbl, "overflow.reset", talk.kind >> 4 & 1) ||
	    ct_param_set(talk.tbl, "overflow.probe", !!(talk.kind & PROBES)) ||
	    ct_thread_attach(talk.tbl, &talk.thr))
		fuzz_wrong("no table");
	ct_thread_poll(talk.thr, talk.now_ns);
}

static void close_table(void)
{
	const char *wrong = ct_table_check(talk.tbl);

	if (wrong)
		fuzz_wrong(wrong);
	ct_thread_detach(talk.thr);
	ct_table_destroy(talk.tbl);
	if (talk.mem.blocks)
		fuzz_wrong("memory is left behind");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };

	open_table(&in);
	for (unsigned i = 0; i < STEPS && in.left; i++)
		step(&in);
	close_table();
	return 0;
}

/* A whole conversation of each kind, and one that the server does not want. */
size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	static const uint8_t conversation[] = {
		0, 0,    0xb7, 5,  180,  63,            /* SYN, all options */
		1, 0,    0x80, 0,  0,    63,            /* ACK, a time stamp */
		1, 1,    0x80, 0,  0,    63,            /* again */
		2, 0xcf, 5,    0,  0,    63,            /* SYN/ACK */
		3, 0x18, 1,    1,  0x80, 0,  0, 30, 63, /* data */
		4, 0x18, 1,    31, 0x80, 0,  0, 40, 63, /* data */
		3, 0x10, 31,   41, 0x80, 0,  0, 0,  63, /* ACK */
		5, 4,                                   /* idle */
		5, 2,                                   /* asked */
		4, 0x10, 41,   31, 0x80, 0,  0, 0,  63, /* answered */
		5, 2,                                   /* asked */
		3, 0x11, 31,   41, 0x80, 0,  0, 0,  63, /* FIN */
		4, 0x14, 41,   32, 0x80, 0,  0, 0,  63, /* RST */
	};
	static const uint8_t refusal[] = {
		0, 0,    0xb7, 5, 180, 63,           /* SYN */
		1, 0,    0x80, 0, 0,   63,           /* ACK */
		4, 0x10, 7,    7, 0,   0,  0, 0, 63, /* an older connection */
		1, 0,    0x80, 0, 0,   63,           /* ACK */
		4, 0x14, 0,    1, 0,   0,  0, 0, 63, /* RST */
	};
	bool refused = n & 32;

	if (n >= 64)
		return 0;
	to[0] = (uint8_t)(n & 31);
	if (refused)
		memcpy(to + 1, refusal, sizeof(refusal));
	else
		memcpy(to + 1, conversation, sizeof(conversation));
	return 1 + (refused ? sizeof(refusal) : sizeof(conversation));
}
