/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Amanda: the TCP connections of a backup that is arranged over UDP.
 *
 *	find the command  find_line()
 *	read the address  read_port()
 *	expect		  announce()
 *	rewrite		  rewrite()
 *
 * The server's answer names up to four ports of its own.  Long pauses are
 * usual, so each answer gives the arranging connection more time.
 */
#include "helper/amanda.h"

#include "helper/helpers.h"
#include "helper/words.h"

#include <conntrack/helper.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- Find the command, read the address --------------------------------- */

/* No port has more digits; what follows them is not looked at. */
enum { DIGITS_MAX = 5 };

static const char *const channels[CT_AMANDA_PORTS] = {
	"DATA ",
	"MESG ",
	"INDEX ",
	"STATE ",
};

/* What stands behind CONNECT, up to the end of its line. */
static bool find_line(struct ct_cursor *text, struct ct_cursor *line)
{
	return ct_word_find(text, "CONNECT ") && ct_word_line(text, line);
}

/* The number behind a channel's name.  => false: there is none. */
static bool read_port(struct ct_cursor *cur, struct ct_amanda_port *port)
{
	size_t left = ct_cursor_left(cur);
	struct ct_cursor digits =
		ct_cursor_of(cur->at, left < DIGITS_MAX ? left : DIGITS_MAX);
	uint32_t value;

	port->len = (uint32_t)ct_word_number(&digits, &value);
	port->port = (uint16_t)value;
	return port->port != 0;
}

size_t ct_amanda_parse(struct ct_cursor text,
		       struct ct_amanda_port ports[CT_AMANDA_PORTS])
{
	struct ct_cursor rest = text;
	struct ct_cursor line;
	size_t n = 0;

	if (!find_line(&rest, &line))
		return 0;
	for (size_t i = 0; i < CT_AMANDA_PORTS; i++) {
		struct ct_cursor cur = line;

		if (!ct_word_find(&cur, channels[i]))
			continue;
		if (!read_port(&cur, &ports[n]))
			break;
		ports[n++].off = (uint32_t)(cur.at - text.at);
	}
	return n;
}

/* --- Expect and rewrite --------------------------------------------------- */

/* What one call of help() works on. */
struct job {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_speech *speech;
	struct ct_tuple client; /* the client's packets */
	union ct_addr server;   /* its own address */
	bool nat;
};

/* A replacement lengthens what stands behind it. */
static enum ct_help rewrite(struct job *job, struct ct_amanda_port *port,
			    ct_be16 id, struct ct_expect *exp)
{
	char text[8];
	int len = snprintf(text, sizeof(text), "%u", ntohs(id));

	if (ct_help_replace(job->thr, job->pkt, job->speech, port->off,
			    port->len, text, (uint32_t)len)) {
		(void)ct_expect_remove(job->thr, exp);
		return ct_help_drop(job->thr, job->pkt,
				    "amanda: no room for another port");
	}
	return CT_HELP_OK;
}

static enum ct_help announce(struct job *job, struct ct_amanda_port *port)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_expect *exp;
	int error;

	def.tuple = job->client;
	def.tuple.l4 = IPPROTO_TCP;
	def.tuple.src_id = 0;
	def.tuple.dst_id = htons(port->port);
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	if (job->nat) {
		def.flags = CT_EXPECT_NAT;
		def.nat_dir = CT_DIR_ORIG;
		def.nat_id = def.tuple.dst_id;
		error = ct_expect_add_near(job->thr, job->pkt->conn, &def,
					   &exp);
	} else {
		error = ct_expect_add(job->thr, job->pkt->conn, &def, &exp);
	}
	if (error)
		return ct_help_drop(job->thr, job->pkt,
				    "amanda: it cannot be expected");
	if (!job->nat)
		return CT_HELP_OK;
	return rewrite(job, port, def.tuple.dst_id, exp);
}

/* => One that fails does not keep the others from being expected. */
static enum ct_help announce_all(struct job *job, struct ct_amanda_port *ports,
				 size_t n)
{
	enum ct_help help = CT_HELP_OK;

	for (size_t i = 0; i < n; i++) {
		uint32_t before = job->speech->len;

		if (!ct_help_allowed(job->thr, job->pkt, &job->server,
				     htons(ports[i].port)))
			continue;
		if (announce(job, &ports[i]) != CT_HELP_OK)
			help = CT_HELP_DROP;
		for (size_t k = 0; k < n; k++)
			if (ports[k].off > ports[i].off)
				ports[k].off += job->speech->len - before;
	}
	return help;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct job job = { .thr = thr, .pkt = pkt, .speech = speech };
	struct ct_amanda_port ports[CT_AMANDA_PORTS];
	struct ct_tuple server;
	size_t n;

	if (pkt->dir != CT_DIR_REPLY)
		return CT_HELP_OK;
	ct_help_refresh(thr, pkt->conn,
			ct_helper_param(thr, &ct_amanda_helper, 0));
	n = ct_amanda_parse(ct_cursor_of(speech->bytes, speech->len), ports);
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &job.client);
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &server);
	job.server = server.src;
	job.nat = ct_conn_status(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
	return announce_all(&job, ports, n);
}

static const struct ct_expect_class classes[] = {
	{ .name = "data", .max = 4, .timeout_s = 180 },
};

static const struct ct_param_def params[] = {
	{ .name = "amanda.timeout",
	  .doc = "how long the arranging connection lives after an answer, in "
		 "seconds (master_timeout of Linux' module)",
	  .linux_value = 300,
	  .recommended = 300,
	  .min = 1,
	  .max = 86400 },
};

const struct ct_helper_ops ct_amanda_helper = {
	.size = sizeof(ct_amanda_helper),
	.name = "amanda",
	.l4 = IPPROTO_UDP,
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(classes[0]),
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = help,
};
