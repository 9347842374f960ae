/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323_ras.c - the helper for RAS, between endpoints and gatekeepers; see
 * h323.h
 *
 *	GRQ  who is my gatekeeper?	GCF  I am, ask me at ...
 *	RRQ  I am called at ...		RCF  you are, for so long
 *	ARQ  may I call?		ACF  yes: call ...
 *	LRQ  where is ...?		LCF  at ...
 *	IRR  I am at ..., calling	URQ  I leave
 *
 * Where an endpoint is called is expected for as long as it is registered.
 */
#include "helper/h323.h"

#include <conntrack/tracker_call.h>

enum {
	TCP = 6,
	UDP = 17,
	LOOPBACK = 127,
	TTL_DEFAULT_S = 300, /* of an RRQ that says nothing */
	TTL_MAX_S = 86400,   /* a day: who lives longer says so again */
	LEAVING_S = 30       /* for the answer to an URQ */
};

enum { P_ROUTED };

static const struct ct_param_def params[] = {
	[P_ROUTED] = {
		.name = "ras.gkrouted_only",
		.alias = "gkrouted_only",
		.doc = "1: calls come from the gatekeeper only, which passes "
		       "them on; 0: from anybody.",
		.linux_value = 1,
		.recommended = 1,
		.max = 1,
	},
};

/* --- Addresses ---------------------------------------------------------- */

/* The speaker's own address of this very connection. */
static enum ct_help put_ras(const struct ct_h323_look *look,
			    const struct ct_per_found *found)
{
	struct ct_h323_addr at;

	if (!ct_h323_translated(look) || !ct_h323_read(look, found, &at) ||
	    !ct_h323_same(&at.addr, &look->own.src) ||
	    at.port != look->own.src_id)
		return CT_HELP_OK;
	return ct_h323_put(look, found, &look->peer.dst, look->peer.dst_id);
}

/* Where somebody is called, as it was announced before: there and back. */
static enum ct_help put_signal(const struct ct_h323_look *look,
			       const struct ct_per_found *found)
{
	ct_be16 here = look->state->signal_port[look->pkt->dir];
	ct_be16 there = look->state->signal_port[!look->pkt->dir];
	struct ct_h323_addr at;

	if (!ct_h323_translated(look) || !ct_h323_read(look, found, &at) ||
	    at.port != here || !here)
		return CT_HELP_OK;
	if (ct_h323_same(&at.addr, &look->own.src))
		return ct_h323_put(look, found, &look->peer.dst, there);
	if (ct_h323_same(&at.addr, &look->own.dst))
		return ct_h323_put(look, found, &look->peer.src, there);
	return CT_HELP_OK;
}

/* --- What follows ------------------------------------------------------- */

static enum ct_help add(const struct ct_h323_look *look,
			const struct ct_expect_def *def)
{
	return ct_expect_add(look->thr, look->pkt->conn, def, NULL)
		       ? ct_help_drop(
				 look->thr, look->pkt,
				 "An announced address cannot be expected.")
		       : CT_HELP_OK;
}

/* Registered: the first address of its own that the endpoint has. */
static enum ct_help expect_calls(const struct ct_h323_look *look,
				 const struct ct_per_found *found,
				 const struct ct_h323_addr *at)
{
	bool routed = ct_helper_param(look->thr, &ct_ras_helper, P_ROUTED);
	struct ct_expect_def def =
		ct_h323_def(look, routed ? CT_H323_PEER : CT_H323_ANYBODY, TCP);
	enum ct_help answer;

	def.tuple.dst_id = at->port;
	def.helper = "Q.931";
	def.flags = CT_EXPECT_PERMANENT;
	if (ct_h323_hidden(look)) {
		def.nat = routed ? NULL : ct_h323_nat_onward;
		return ct_h323_expect_near(look, found, at, &def);
	}
	answer = add(look, &def);
	if (answer == CT_HELP_OK)
		look->state->signal_port[look->pkt->dir] = at->port;
	return answer;
}

static enum ct_help register_calls(const struct ct_h323_look *look)
{
	for (unsigned i = 0; i < look->finds.n; i++) {
		const struct ct_per_found *found = &look->finds.at[i];
		struct ct_h323_addr at;

		if (found->tag != CT_H323_SIGNAL ||
		    !ct_h323_read(look, found, &at) || !at.port ||
		    !ct_h323_same(&at.addr, &look->own.src) ||
		    !ct_help_allowed(look->thr, look->pkt, &at.addr, at.port))
			continue;
		return expect_calls(look, found, &at);
	}
	return CT_HELP_OK;
}

/* Somebody who is named: to be called there by the peer, at once or later. */
static enum ct_help expect_there(const struct ct_h323_look *look,
				 const struct ct_per_found *found, uint8_t l4)
{
	struct ct_expect_def def = ct_h323_def(look, CT_H323_PEER, l4);
	struct ct_h323_addr at;

	if (!ct_h323_read(look, found, &at) || !at.port ||
	    !ct_help_allowed(look->thr, look->pkt, &at.addr, at.port))
		return CT_HELP_OK;
	def.tuple.dst = at.addr;
	def.tuple.dst_id = at.port;
	def.helper = l4 == TCP ? "Q.931" : "RAS";
	def.flags = l4 == TCP ? CT_EXPECT_PERMANENT : 0;
	return add(look, &def);
}

/* GCF: this gatekeeper answers at another address. */
static enum ct_help elsewhere(const struct ct_h323_look *look,
			      const struct ct_per_found *found)
{
	struct ct_h323_addr at;

	if (ct_h323_read(look, found, &at) &&
	    ct_h323_same(&at.addr, &look->own.src) &&
	    at.port == look->own.src_id)
		return CT_HELP_OK;
	return expect_there(look, found, UDP);
}

/* ACF: the answer to who was called is its own address; another one is to be
 * called. */
static enum ct_help admitted(const struct ct_h323_look *look,
			     const struct ct_per_found *found)
{
	struct ct_h323_addr at;

	if (ct_h323_read(look, found, &at) &&
	    ct_h323_same(&at.addr, &look->own.dst))
		return put_signal(look, found);
	return expect_there(look, found, TCP);
}

/* ARQ: who calls names itself as source, who is called as destination. */
static enum ct_help asked(const struct ct_h323_look *look,
			  const struct ct_per_found *found)
{
	struct ct_h323_addr at;

	if (found->tag == CT_H323_DEST)
		return ct_h323_read(look, found, &at) &&
				       ct_h323_same(&at.addr, &look->own.src)
			       ? put_signal(look, found)
			       : CT_HELP_OK;
	if (!ct_h323_translated(look) || !ct_h323_read(look, found, &at) ||
	    !ct_h323_same(&at.addr, &look->own.src))
		return CT_HELP_OK;
	return ct_h323_put(look, found, &look->peer.dst, at.port);
}

/* --- Registrations ------------------------------------------------------ */

struct prolong {
	struct ct_thread *thr;
	const struct ct_h323_look *look;
};

static bool prolong(void *user, struct ct_expect *exp)
{
	struct prolong *by = user;
	struct ct_expect_view view = { .size = sizeof(view) };

	if (!ct_expect_view(by->thr, exp, &view) && view.def.tuple.l4 == TCP &&
	    (view.def.flags & CT_EXPECT_PERMANENT) &&
	    ct_h323_same(&view.def.tuple.dst, &by->look->own.dst))
		ct_expect_refresh(by->thr, exp, by->look->state->timeout_s);
	return true;
}

/* Confirmed: for so long the connection lives, and who calls is expected. */
static void registered(const struct ct_h323_look *look)
{
	struct prolong by = { look->thr, look };

	if (!look->state->timeout_s)
		return;
	ct_help_refresh(look->thr, look->pkt->conn, look->state->timeout_s);
	ct_expect_walk(look->thr, look->pkt->conn, prolong, &by);
}

static bool forget(void *user, struct ct_expect *exp)
{
	ct_expect_remove(user, exp);
	return true;
}

static void leaving(const struct ct_h323_look *look)
{
	ct_expect_walk(look->thr, look->pkt->conn, forget, look->thr);
	memset(look->state->signal_port, 0, sizeof(look->state->signal_port));
	ct_help_refresh(look->thr, look->pkt->conn, LEAVING_S);
}

/* => The message's, or what there was. */
static uint32_t time_to_live(const struct ct_h323_look *look, uint32_t none)
{
	for (unsigned i = 0; i < look->finds.n; i++) {
		uint32_t seconds = look->finds.at[i].value;

		if (look->finds.at[i].mark == CT_H323_SECONDS)
			return seconds < TTL_MAX_S ? seconds : TTL_MAX_S;
	}
	return none;
}

/* --- Messages ----------------------------------------------------------- */

static enum ct_help one(const struct ct_h323_look *look, uint32_t message,
			const struct ct_per_found *found)
{
	bool signal = found->tag == CT_H323_SIGNAL;

	switch (message) {
	case CT_RAS_GRQ:
	case CT_RAS_LRQ:
		return put_ras(look, found);
	case CT_RAS_GCF:
		return elsewhere(look, found);
	case CT_RAS_RRQ: /* the others are in register_calls() */
		return signal ? CT_HELP_OK : put_ras(look, found);
	case CT_RAS_RCF:
	case CT_RAS_URQ:
		return put_signal(look, found);
	case CT_RAS_ARQ:
		return asked(look, found);
	case CT_RAS_ACF:
		return admitted(look, found);
	case CT_RAS_LCF:
		return signal ? expect_there(look, found, TCP) : CT_HELP_OK;
	case CT_RAS_IRR:
		return signal ? put_signal(look, found) : put_ras(look, found);
	default:
		return CT_HELP_OK;
	}
}

static void afterwards(const struct ct_h323_look *look, uint32_t message)
{
	struct ct_h323_state *state = look->state;

	if (message == CT_RAS_RRQ)
		state->timeout_s = time_to_live(look, TTL_DEFAULT_S);
	if (message == CT_RAS_RCF) {
		state->timeout_s = time_to_live(look, state->timeout_s);
		registered(look);
	}
	if (message == CT_RAS_URQ)
		leaving(look);
}

static bool is_address(const struct ct_per_found *found)
{
	return found->mark == CT_H323_IP4 || found->mark == CT_H323_IP6;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	const struct ct_per_bytes message = { speech->bytes, speech->len,
					      CT_PER_WHOLE };
	struct ct_h323_look look;
	const struct ct_per_found *found = look.finds.at;
	enum ct_help answer = CT_HELP_OK;

	ct_per_walk(&message, &ct_h225_ras_message, &look.finds);
	if (!look.finds.n || found[0].mark != CT_H323_MESSAGE)
		return CT_HELP_OK;
	ct_h323_look(&look, thr, pkt, speech);
	look.len = speech->len;
	if (found[0].value == CT_RAS_RRQ)
		answer = register_calls(&look);
	for (unsigned i = 1; i < look.finds.n && answer == CT_HELP_OK; i++)
		if (is_address(&found[i]))
			answer = one(&look, found[0].value, &found[i]);
	if (answer == CT_HELP_OK)
		afterwards(&look, found[0].value);
	return answer;
}

static const struct ct_expect_class classes[] = {
	{ .name = "default", .max = 32, .timeout_s = CT_H323_TIMEOUT_S },
};

const struct ct_helper_ops ct_ras_helper = {
	.size = sizeof(struct ct_helper_ops),
	.name = "RAS",
	.l4 = UDP,
	.state_size = sizeof(struct ct_h323_state),
	.classes = classes,
	.n_classes = 1,
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = help,
};
