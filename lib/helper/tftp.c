/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tftp.c - TFTP (RFC 1350): the server answers from another port
 *
 *	client:p --> server:69		RRQ or WRQ
 *	client:p <-- server:any		expected
 *
 * The two bytes of the opcode decide; also in the middle of a flow, as Linux
 * does.
 */
#include "helper/helpers.h"

#include <conntrack/cursor.h>

enum { OP_READ = 1, OP_WRITE = 2 };

static const struct ct_expect_class classes[] = {
	{ .name = "answer", .max = 1, .timeout_s = 300 },
};

static bool is_request(const struct ct_speech *speech)
{
	struct ct_cursor cur = ct_cursor_of(speech->bytes, speech->len);
	uint16_t op = ct_cursor_u16(&cur);

	return op == OP_READ || op == OP_WRITE;
}

/* The answer comes to where the first request came from, as the server sees
 * it. */
static void describe(const struct ct_conn *conn, const struct ct_tuple *orig,
		     struct ct_expect_def *def)
{
	ct_conn_tuple(conn, CT_DIR_REPLY, &def->tuple);
	def->tuple.src_id = 0;
	memset(&def->src_mask, 0xff, sizeof(def->src_mask));
	def->nat_dir = CT_DIR_REPLY;
	def->nat_id = orig->src_id;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	const uint32_t nat = CT_S_SRC_NAT | CT_S_DST_NAT;
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_tuple orig;
	int error;

	if (!is_request(speech))
		return CT_HELP_OK;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &orig);
	if (!ct_help_allowed(thr, pkt, &orig.src, orig.src_id))
		return CT_HELP_OK;
	describe(pkt->conn, &orig, &def);
	if (ct_conn_status(pkt->conn) & nat)
		def.flags = CT_EXPECT_NAT;
	error = ct_expect_add(thr, pkt->conn, &def, NULL);
	return error ? ct_help_drop(thr, pkt,
				    "TFTP: the answer cannot be expected.")
		     : CT_HELP_OK;
}

const struct ct_helper_ops ct_tftp_helper = {
	.size = sizeof(ct_tftp_helper),
	.name = "tftp",
	.l4 = 17, /* UDP */
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(*classes),
	.help = help,
};
