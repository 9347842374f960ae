/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that does whatever the payload's first bytes say; see world.h.
 *
 *	1	what: bits of enum
 *	2..	where, how much, how often
 */
#include "world.h"

#include <conntrack/helper.h>
#include <string.h>

enum {
	EXPECT = 1,
	REPLACE = 2,
	REMOVE = 4,
	REFRESH = 8,
	PAIR = 16,
	AGAIN = 32, /* replace twice */
	DROP = 64,
	KEEP = 128
};

static const struct ct_expect_class classes[] = {
	{ .name = "few", .max = 2, .timeout_s = 20 },
	{ .name = "many", .timeout_s = 0 },
};

static bool remove_one(void *user, struct ct_expect *exp)
{
	struct ct_thread *thr = user;

	if (ct_expect_remove(thr, exp) == 0 &&
	    ct_expect_remove(thr, exp) != CT_E_NOENT)
		fuzz_wrong("an expectation ends twice");
	return true;
}

static void describe(const struct ct_pkt *pkt, const uint8_t *say,
		     struct ct_expect_def *def)
{
	memset(def, 0, sizeof(*def));
	def->size = sizeof(*def);
	ct_conn_tuple(pkt->conn, (enum ct_dir) !pkt->dir, &def->tuple);
	def->tuple.src_id = 0;
	memset(&def->src_mask, say[1] & 1 ? 0xff : 0, sizeof(def->src_mask));
	def->tuple.dst_id ^= say[2];
	def->class_ = say[1] >> 1 & 1;
	def->flags = say[1] >> 2 & 7;
	if (say[1] & 64)
		def->flags |= CT_EXPECT_NAT;
	def->nat_dir = !pkt->dir;
	def->nat_id = def->tuple.dst_id;
	def->helper = say[1] & 128 ? "fuzz" : NULL;
}

static void expect(struct ct_thread *thr, struct ct_pkt *pkt,
		   const uint8_t *say)
{
	struct ct_expect_def pair[2];

	describe(pkt, say, &pair[0]);
	pair[1] = pair[0];
	if (say[0] & PAIR)
		ct_expect_add_pair(thr, pkt->conn, pair);
	else
		ct_expect_add_near(thr, pkt->conn, &pair[0], NULL);
}

static bool replace(struct ct_thread *thr, struct ct_pkt *pkt,
		    struct ct_speech *speech, const uint8_t *say)
{
	static const uint8_t text[64] = "expect the unexpected";
	uint32_t was = speech->len;
	uint32_t old_len = say[1] % 16, new_len = say[2] % 64;
	int error = ct_help_replace(thr, pkt, speech, say[1] % 32, old_len,
				    text, new_len);

	if (!error && speech->len != was + new_len - old_len)
		fuzz_wrong("a replacement is not as long as it is");
	return error == 0;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	uint8_t *state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	uint8_t say[3] = { 0 };

	if (!speech->len || speech->fresh >= speech->len)
		fuzz_wrong("a helper is shown nothing");
	memcpy(say, speech->bytes + speech->fresh,
	       speech->len - speech->fresh < 3 ? speech->len - speech->fresh
					       : 3);
	state[CT_HELPER_STATE_MAX - 1]++;
	if (say[0] & EXPECT)
		expect(thr, pkt, say);
	if (say[0] & REMOVE)
		ct_expect_walk(thr, pkt->conn, remove_one, thr);
	if (say[0] & REFRESH)
		ct_help_refresh(thr, pkt->conn, say[1]);
	if ((say[0] & REPLACE) && !replace(thr, pkt, speech, say))
		return CT_HELP_DROP;
	if ((say[0] & AGAIN) && !replace(thr, pkt, speech, say))
		return CT_HELP_DROP;
	if (say[0] & KEEP)
		speech->used = say[2];
	return (say[0] & DROP) && say[1] % 4 == 0
		       ? ct_help_drop(thr, pkt, "The fuzzer says so.")
		       : CT_HELP_OK;
}

/* What is expected of a connection that has ended is gone. */
static bool none(void *user, struct ct_expect *exp)
{
	(void)user;
	(void)exp;
	fuzz_wrong("an expectation outlives its master");
	return false;
}

static void ended(struct ct_thread *thr, struct ct_conn *conn)
{
	ct_expect_walk(thr, conn, none, NULL);
}

const struct ct_helper_ops fuzz_helper = {
	.size = sizeof(fuzz_helper),
	.name = "fuzz",
	.state_size = CT_HELPER_STATE_MAX,
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = 2,
	.help = help,
	.ended = ended,
};
