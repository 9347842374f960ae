/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SIP helper: registrations.
 *
 * A phone that registers will be called: by the registrar, or by anybody if
 * parameter helper.sip.direct_signalling is off.  The expectation is made with
 * the request, so that its address can be translated there, but is inactive
 * until the registrar agrees, and lives as long as it says.
 */
#include "helper/sip.h"

#include <arpa/inet.h>

/* The expectation through NAT, and the Contact that announces it. */
static const char *expect_outside(struct ct_sip *sip, struct ct_expect_def *def,
				  const struct ct_sip_uri *contact)
{
	ct_be16 from = sip->state->answer_port ? sip->state->answer_port
					       : sip->talk.own.src_id;
	struct ct_expect *exp;

	ct_talk_through_nat(&sip->talk, def, &contact->addr);
	def->function = ct_sip_helper.name;
	/* The port that it sends from has a name outside already. */
	if (def->tuple.dst_id == from)
		def->tuple.dst_id = sip->talk.peer.dst_id;
	if (ct_expect_add_near(sip->talk.thr, sip->talk.pkt->conn, def, &exp))
		return "SIP: no port is left for a registration";
	if (ct_talk_addr_equal(&def->tuple.dst, &def->nat_addr) &&
	    def->tuple.dst_id == def->nat_id)
		return NULL;
	if (ct_talk_edit_end(&sip->talk, contact->at, &def->tuple.dst,
			     def->tuple.dst_id))
		return NULL;
	ct_expect_remove(sip->talk.thr, exp);
	return "SIP: a registration cannot be rewritten";
}

static const char *expect_call(struct ct_sip *sip,
			       const struct ct_sip_uri *contact)
{
	struct ct_expect_def def = ct_talk_expect(
		&sip->talk, ct_sip_get(sip, CT_SIP_P_DIRECT_SIGNALLING),
		&contact->addr, contact->port);

	def.class_ = CT_SIP_SIGNALLING;
	def.tuple.l4 = sip->talk.own.l4;
	def.flags = CT_EXPECT_PERMANENT | CT_EXPECT_INACTIVE;
	def.helper = ct_sip_helper.name;
	if (sip->talk.nat)
		return expect_outside(sip, &def, contact);
	if (ct_expect_add(sip->talk.thr, sip->talk.pkt->conn, &def, NULL))
		return "SIP: a registration cannot be expected";
	return NULL;
}

/* How long a Contact is for: its own parameter, or the message's header. */
static enum ct_found expires(const struct ct_say *msg,
			     const struct ct_sip_uri *contact,
			     uint32_t *seconds)
{
	return ct_sip_param_number(msg, contact->at.off + contact->at.len,
				   "expires=", seconds, NULL);
}

static uint32_t all_expire(const struct ct_say *msg)
{
	struct ct_span at;
	uint32_t seconds;

	if (ct_sip_number(msg, CT_SIP_EXPIRES, &seconds, &at) != CT_FOUND)
		return 0;
	return seconds;
}

const char *ct_sip_register(struct ct_sip *sip, uint32_t cseq)
{
	struct ct_sip_walk walk = { .hdr = CT_SIP_CONTACT };
	struct ct_say msg = ct_talk_say(&sip->talk);
	uint32_t seconds = all_expire(&msg);
	struct ct_sip_uri contact;
	const char *why = NULL;

	/* Who was called registers elsewhere. */
	if (ct_conn_status(sip->talk.pkt->conn) & CT_S_EXPECTED)
		return NULL;
	switch (ct_sip_uri_next(&msg, &walk, &contact)) {
	case CT_FOUND_NONE:
		return NULL;
	case CT_FOUND_BAD:
		return "SIP: a registration's contact makes no sense";
	case CT_FOUND:
		break;
	}
	/* For itself, and by the same transport, only. */
	if (!ct_talk_addr_equal(&sip->talk.own.src, &contact.addr) ||
	    ct_sip_other_transport(&msg, contact.at.off + contact.at.len))
		return NULL;
	if (expires(&msg, &contact, &seconds) == CT_FOUND_BAD)
		return "SIP: a registration's time makes no sense";
	if (seconds && ct_help_allowed(sip->talk.thr, sip->talk.pkt,
				       &contact.addr, contact.port))
		why = expect_call(sip, &contact);
	if (!why)
		sip->state->register_cseq = cseq;
	return why;
}

/* --- The registrar's answer --- */

/* What a walk over the master's expectations shall do with calls. */
struct calls {
	struct ct_sip *sip;
	const struct ct_sip_uri *contact; /* to this address; or NULL: all */
	uint32_t seconds;
	bool found;
};

static bool change(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct calls *calls = user;
	const struct ct_tuple *t = &view.def.tuple;

	if (ct_expect_view(calls->sip->talk.thr, exp, &view) ||
	    view.def.class_ != CT_SIP_SIGNALLING)
		return true;
	if (!calls->contact) {
		ct_expect_remove(calls->sip->talk.thr, exp);
		return true;
	}
	if (!ct_talk_addr_equal(&t->dst, &calls->contact->addr) ||
	    t->dst_id != calls->contact->port ||
	    t->l4 != calls->sip->talk.own.l4)
		return true;
	calls->found =
		!ct_expect_refresh(calls->sip->talk.thr, exp, calls->seconds);
	return !calls->found;
}

static bool walk_calls(struct ct_sip *sip, const struct ct_sip_uri *contact,
		       uint32_t seconds)
{
	struct calls calls = { sip, contact, seconds, false };

	ct_expect_walk(sip->talk.thr, sip->talk.pkt->conn, change, &calls);
	return calls.found;
}

/*
 * Whether one of the contacts that the registrar knows now is the expected
 * one, which then lives as long as it says.
 */
static const char *agree(struct ct_sip *sip, bool *agreed)
{
	struct ct_sip_walk walk = { .hdr = CT_SIP_CONTACT };
	struct ct_say msg = ct_talk_say(&sip->talk);
	uint32_t all = all_expire(&msg);
	struct ct_sip_uri contact;

	*agreed = false;
	for (;;) {
		uint32_t seconds = all;
		enum ct_found found = ct_sip_uri_next(&msg, &walk, &contact);

		if (found == CT_FOUND_NONE)
			return NULL;
		if (found == CT_FOUND_BAD)
			return "SIP: a registrar's contact makes no sense";
		if (!ct_talk_addr_equal(&sip->talk.own.dst, &contact.addr) ||
		    ct_sip_other_transport(&msg,
					   contact.at.off + contact.at.len))
			continue;
		if (expires(&msg, &contact, &seconds) == CT_FOUND_BAD)
			return "SIP: a registrar's time makes no sense";
		if (!seconds)
			return NULL;
		*agreed = walk_calls(sip, &contact, seconds);
		if (*agreed)
			return NULL;
	}
}

const char *ct_sip_registered(struct ct_sip *sip, uint32_t cseq, uint32_t code)
{
	const char *why = NULL;
	bool agreed = false;

	/* Late answers to an earlier request say nothing, "trying" neither. */
	if (sip->state->register_cseq != cseq || code / 100 == 1)
		return NULL;
	if (code / 100 == 2)
		why = agree(sip, &agreed);
	if (!why && !agreed)
		walk_calls(sip, NULL, 0);
	return why;
}
