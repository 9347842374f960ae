/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SANE: the data connection of a network scanner.
 *
 *	find the command  ct_sane_parse_request()
 *	read the address  ct_sane_parse_answer()
 *	expect		  announce()
 *	rewrite		  announce_translated()
 *
 * The answer does not say what it answers, so the last request is remembered.
 * An answer must stand in one segment, at its beginning.
 */
#include "helper/sane.h"

#include "helper/helpers.h"

#include <conntrack/helper.h>
#include <netinet/in.h>
#include <string.h>

/* --- Find the command, read the address --------------------------------- */

enum { NET_START = 7, SUCCESS = 0, REQUEST_LEN = 8, PORT_OFF = 6 };

enum ct_sane_request ct_sane_parse_request(struct ct_cursor bytes)
{
	if (ct_cursor_left(&bytes) != REQUEST_LEN)
		return CT_SANE_PART;
	return ct_cursor_u32(&bytes) == NET_START ? CT_SANE_START
						  : CT_SANE_OTHER;
}

bool ct_sane_parse_answer(struct ct_cursor bytes, ct_be16 *port)
{
	uint32_t status = ct_cursor_u32(&bytes);
	uint16_t zero = ct_cursor_u16(&bytes);

	*port = ct_cursor_be16(&bytes);
	return ct_cursor_good(&bytes) && status == SUCCESS && zero == 0;
}

/* --- Expect and rewrite --------------------------------------------------- */

/* What is remembered of a connection. */
struct state {
	uint8_t started; /* the next answer is one to NET_START */
	uint8_t reserved[7];
};

static struct ct_expect_def expectation(const struct ct_tuple *client,
					ct_be16 port)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	def.tuple = *client;
	def.tuple.src_id = 0;
	def.tuple.dst_id = port;
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	return def;
}

/*
 * A scanner behind NAT: let the client knock at its outer address.  Two bytes
 * stand for two bytes.
 */
static enum ct_help announce_translated(struct ct_thread *thr,
					struct ct_pkt *pkt,
					struct ct_speech *speech,
					struct ct_expect_def *def)
{
	struct ct_expect *exp;

	def->flags = CT_EXPECT_NAT;
	def->nat_dir = CT_DIR_ORIG;
	def->nat_id = def->tuple.dst_id;
	if (ct_expect_add_near(thr, pkt->conn, def, &exp))
		return ct_help_drop(thr, pkt,
				    "sane: no port is left to expect at");
	if (!ct_help_replace(thr, pkt, speech, PORT_OFF,
			     sizeof(def->tuple.dst_id), &def->tuple.dst_id,
			     sizeof(def->tuple.dst_id)))
		return CT_HELP_OK;
	(void)ct_expect_remove(thr, exp);
	return ct_help_drop(thr, pkt, "sane: the port cannot be replaced");
}

static enum ct_help announce(struct ct_thread *thr, struct ct_pkt *pkt,
			     struct ct_speech *speech, ct_be16 port)
{
	struct ct_tuple client;
	struct ct_tuple server;
	struct ct_expect_def def;

	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &client);
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &server);
	if (!ct_help_allowed(thr, pkt, &server.src, port))
		return CT_HELP_OK;
	def = expectation(&client, port);
	if ((ct_conn_status(pkt->conn) & CT_S_DST_NAT) &&
	    ct_helper_param(thr, &ct_sane_helper, 0))
		return announce_translated(thr, pkt, speech, &def);
	if (ct_expect_add(thr, pkt->conn, &def, NULL))
		return ct_help_drop(thr, pkt, "sane: it cannot be expected");
	return CT_HELP_OK;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct state *state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	struct ct_cursor bytes = ct_cursor_of(speech->bytes, speech->len);
	enum ct_sane_request request;
	ct_be16 port;

	if (pkt->dir == CT_DIR_ORIG) {
		request = ct_sane_parse_request(bytes);
		if (request != CT_SANE_PART)
			state->started = request == CT_SANE_START;
		return CT_HELP_OK;
	}
	if (!state->started)
		return CT_HELP_OK;
	state->started = 0;
	if (!ct_sane_parse_answer(bytes, &port))
		return CT_HELP_OK;
	return announce(thr, pkt, speech, port);
}

static const struct ct_expect_class classes[] = {
	{ .name = "data", .max = 1, .timeout_s = 300 },
};

static const struct ct_param_def params[] = {
	{ .name = "sane.nat",
	  .doc = "whether the port of a scanner that stands behind destination "
		 "NAT is translated; Linux does not",
	  .linux_value = 0,
	  .recommended = 1,
	  .max = 1 },
};

const struct ct_helper_ops ct_sane_helper = {
	.size = sizeof(ct_sane_helper),
	.name = "sane",
	.l4 = IPPROTO_TCP,
	.state_size = sizeof(struct state),
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(classes[0]),
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = help,
};
