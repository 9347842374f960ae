/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays TCP conversations; see tcp_flow.h.
 */
#include "tcp_flow.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static void collect(void *user, const char *step, const char *text)
{
	struct ct_tcp_stage *stage = user;
	size_t at = strlen(stage->traced);

	if (strncmp(step, "tcp", 3) == 0)
		snprintf(stage->traced + at, sizeof(stage->traced) - at, "%s\n",
			 text);
}

void ct_tcp_stage_open(struct ct_tcp_stage *stage)
{
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .max_conns = 64,
				       .profile = CT_PROFILE_LINUX };

	ck_assert_int_eq(ct_table_create(&cfg, &stage->tbl), 0);
	ck_assert_int_eq(ct_thread_attach(stage->tbl, &stage->thr), 0);
	stage->now_ns = 1000 * SECOND;
	ct_thread_poll(stage->thr, stage->now_ns);
	ct_thread_trace(stage->thr, collect, stage);
}

void ct_tcp_stage_close(struct ct_tcp_stage *stage)
{
	ct_thread_detach(stage->thr);
	ct_table_destroy(stage->tbl);
}

void ct_tcp_stage_set(struct ct_tcp_stage *stage, const char *name,
		      uint64_t value)
{
	ck_assert_int_eq(ct_param_set(stage->tbl, name, value), 0);
}

static size_t put_sack(uint8_t *at, const uint32_t block[2])
{
	at[0] = 1;
	at[1] = 1;
	at[2] = 5;
	at[3] = 10;
	for (unsigned i = 0; i < 8; i++)
		at[4 + i] = (uint8_t)(block[i / 4] >> (24 - 8 * (i % 4)));
	return 12;
}

static size_t put_options(uint8_t *at, const struct ct_tcp_line *line)
{
	static const uint8_t sack_ok[] = { 1, 1, 4, 2 };
	uint8_t scale[] = { 1, 3, 3, line->options & SCALE_7 ? 7 : 2 };
	size_t len = 0;

	if (line->options & SACK_OK) {
		memcpy(at, sack_ok, sizeof(sack_ok));
		len += sizeof(sack_ok);
	}
	if (line->options & (SCALE_2 | SCALE_7)) {
		memcpy(at + len, scale, sizeof(scale));
		len += sizeof(scale);
	}
	if (line->sack[0] != line->sack[1])
		len += put_sack(at + len, line->sack);
	return len;
}

/* => The connection of the flow, or NULL. */
static struct ct_conn *find(const struct ct_tcp_stage *stage,
			    const struct ct_test_flow *flow)
{
	const uint8_t len = flow->l3 == CT_L3_IPV4 ? 4 : 16;
	struct ct_tuple t = { .l3 = flow->l3, .l4 = 6 };

	memcpy(t.src.bytes, flow->src, len);
	memcpy(t.dst.bytes, flow->dst, len);
	memcpy(&t.src_id,
	       (const uint8_t[]){ (uint8_t)(flow->sport >> 8),
				  (uint8_t)flow->sport },
	       2);
	memcpy(&t.dst_id,
	       (const uint8_t[]){ (uint8_t)(flow->dport >> 8),
				  (uint8_t)flow->dport },
	       2);
	return ct_find(stage->thr, &t, NULL);
}

static void meet(const struct ct_tcp_stage *stage, size_t n,
		 const struct ct_tcp_line *line, const struct ct_pkt *pkt,
		 struct ct_conn *conn)
{
	const char *state =
		conn ? ct_conn_state_name(stage->tbl, conn) : "(gone)";
	const char *want = line->state ? line->state : "(gone)";
	uint32_t expires = conn ? ct_conn_expires(stage->thr, conn) : 0;

	ck_assert_msg(pkt->state == line->verdict,
		      "line %zu: it is %u, reason %s; traced:\n%s", n,
		      pkt->state, ct_reason_text(pkt->reason)->name,
		      stage->traced);
	ck_assert_msg(strcmp(state, want) == 0,
		      "line %zu: state %s; traced:\n%s", n, state,
		      stage->traced);
	ck_assert_msg(!line->state || expires == line->expires,
		      "line %zu: expires in %u s; traced:\n%s", n, expires,
		      stage->traced);
	ck_assert_msg(!line->reason || pkt->reason == line->reason,
		      "line %zu: reason %s", n,
		      ct_reason_text(pkt->reason)->name);
}

static void play(struct ct_tcp_stage *stage, const struct ct_test_flow *flow,
		 const struct ct_tcp_line *line, size_t n)
{
	uint8_t options[40] = { 0 };
	const struct ct_test_segment seg = {
		.flags = line->flags,
		.win = line->win,
		.seq = line->seq,
		.ack = line->ack,
		.options = options,
		.options_len = (uint32_t)put_options(options, line),
		.len = line->len
	};
	struct ct_test_packet p;
	struct ct_pkt pkt;

	ct_test_tcp(&p, flow, line->from == ORIG ? CT_DIR_ORIG : CT_DIR_REPLY,
		    &seg);
	pkt = ct_test_pkt(&p);
	ck_assert_int_eq(ct_process(stage->thr, &pkt, CT_HOOK_PREROUTING),
			 CT_ACCEPT);
	ck_assert_int_eq(ct_confirm(stage->thr, &pkt), CT_ACCEPT);
	meet(stage, n, line, &pkt, find(stage, flow));
}

void ct_tcp_play(struct ct_tcp_stage *stage, const struct ct_test_flow *flow,
		 const struct ct_tcp_line *lines, size_t n)
{
	stage->traced[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (lines[i].from == PAUSE)
			stage->now_ns += lines[i].seq * SECOND;
		ct_thread_poll(stage->thr, stage->now_ns);
		if (lines[i].from != PAUSE)
			play(stage, flow, &lines[i], i);
	}
}
