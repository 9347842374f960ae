/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SIP helper: NAT.
 *
 * A place in a header is rewritten when it names one of the connection's own
 * two ends, address and port both, as the sender knows them: the receiver
 * knows the same end by the other tuple.
 *
 *	own.src  -> peer.dst     the sender
 *	own.dst  -> peer.src     the receiver
 *
 * So it goes with the request's URI, the topmost Via with its parameters, all
 * Contacts, From and To; Call-ID and what others wrote stay.
 */
#include "helper/sip.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* --- Headers --- */

/* What the receiver calls an end that the sender calls addr and port.
 *
 * => Returns false when it is the same, or none of the two ends. */
static bool other_name(const struct ct_sip *sip, union ct_addr *addr,
		       ct_be16 *port)
{
	const struct ct_tuple *own = &sip->talk.own;
	const struct ct_tuple *peer = &sip->talk.peer;
	union ct_addr to;
	ct_be16 to_port;

	if (ct_talk_addr_equal(&own->src, addr) && own->src_id == *port) {
		to = peer->dst;
		to_port = peer->dst_id;
	} else if (ct_talk_addr_equal(&own->dst, addr) &&
		   own->dst_id == *port) {
		to = peer->src;
		to_port = sip->state->answer_port ? sip->state->answer_port
						  : peer->src_id;
	} else {
		return false;
	}
	if (ct_talk_addr_equal(&to, addr) && to_port == *port)
		return false;
	*addr = to;
	*port = to_port;
	return true;
}

static bool rename_uri(struct ct_sip *sip, const struct ct_sip_uri *uri)
{
	union ct_addr addr = uri->addr;
	ct_be16 port = uri->port;

	if (!other_name(sip, &addr, &port))
		return true;
	return ct_talk_edit_end(&sip->talk, uri->at, &addr, port);
}

static bool rename_request(struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_sip_uri uri;

	return ct_sip_request_uri(&msg, &uri) != CT_FOUND ||
	       rename_uri(sip, &uri);
}

/* The first value of a header. */
static bool rename_first(struct ct_sip *sip, enum ct_sip_hdr hdr)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_sip_walk walk = { .hdr = hdr };
	struct ct_sip_uri uri;

	return ct_sip_uri_next(&msg, &walk, &uri) != CT_FOUND ||
	       rename_uri(sip, &uri);
}

/* All values of a header. */
static bool rename_all(struct ct_sip *sip, enum ct_sip_hdr hdr)
{
	struct ct_sip_walk walk = { .hdr = hdr };
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_sip_uri uri;

	while (ct_sip_uri_next(&msg, &walk, &uri) == CT_FOUND) {
		uint32_t len = sip->talk.len;

		if (!rename_uri(sip, &uri))
			return false;
		walk.off += sip->talk.len - len;
		msg = ct_talk_say(&sip->talk);
	}
	return true;
}

/* maddr= is where to send the answer (RFC 3261 18.2.2), received= where the
 * request came from: addresses, each the sender's name for one of the ends. */
static bool rename_param(struct ct_sip *sip, uint32_t from, const char *name,
			 enum ct_say_style style)
{
	const union ct_addr *old =
		style == CT_SAY_URI ? &sip->talk.own.src : &sip->talk.own.dst;
	const union ct_addr *new =
		style == CT_SAY_URI ? &sip->talk.peer.dst : &sip->talk.peer.src;
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_sip_uri value;

	if (!ct_sip_param_addr(&msg, from, name, style, &value) ||
	    !ct_talk_addr_equal(&value.addr, old))
		return true;
	return ct_talk_edit_addr(&sip->talk, value.at, style, new);
}

/* rport= is the port that the request came from (RFC 3581). */
static bool rename_rport(struct ct_sip *sip, uint32_t from)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;
	uint32_t port;

	if (ct_sip_param_number(&msg, from, "rport=", &port, &at) != CT_FOUND ||
	    port != ntohs(sip->talk.own.dst_id))
		return true;
	return ct_talk_edit_number(&sip->talk, at,
				   ntohs(sip->talk.peer.src_id));
}

/* The topmost Via, if it is about this connection's client. */
static const char *rename_via(struct ct_sip *sip, bool request)
{
	const struct ct_tuple *own = &sip->talk.own;
	const union ct_addr *addr = request ? &own->src : &own->dst;
	ct_be16 port = request ? own->src_id : own->dst_id;
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_sip_walk walk = { .hdr = own->l4 == IPPROTO_TCP
						   ? CT_SIP_VIA_TCP
						   : CT_SIP_VIA_UDP };
	uint32_t len = sip->talk.len;
	struct ct_sip_uri uri;
	uint32_t end;

	if (ct_sip_uri_next(&msg, &walk, &uri) != CT_FOUND ||
	    !ct_talk_addr_equal(&uri.addr, addr) || uri.port != port)
		return NULL;
	if (!rename_uri(sip, &uri))
		return "SIP: Via cannot be rewritten";
	end = uri.at.off + uri.at.len + sip->talk.len - len;
	if (!rename_param(sip, end, "maddr=", CT_SAY_URI) ||
	    !rename_param(sip, end, "received=", CT_SAY_PLAIN) ||
	    !rename_rport(sip, end))
		return "SIP: Via's parameters cannot be rewritten";
	return NULL;
}

/* --- Where answers go --- */

/* Put another word into a checksum (RFC 1624, equation 3); 0 is none. */
static void adjust(uint8_t sum_at[2], uint16_t old, uint16_t new)
{
	uint32_t sum = ct_load_u16(sum_at);

	if (!sum)
		return;
	sum = (uint16_t)~sum + (uint32_t)(uint16_t)~old + new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	if (!sum)
		sum = 0xffff;
	sum_at[0] = (uint8_t)(sum >> 8);
	sum_at[1] = (uint8_t)sum;
}

/* A client that sends from one port and listens on another says so in its Via:
 * answers must go there, since it may be deaf on the port it sent from. */
static void answer_to(struct ct_sip *sip)
{
	struct ct_pkt *pkt = sip->talk.pkt;
	uint16_t port = ntohs(sip->state->answer_port);
	uint8_t *udp = pkt->data + pkt->l4_off;
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	uint16_t old;

	if (!port || pkt->dir != CT_DIR_REPLY || pkt->l4 != IPPROTO_UDP)
		return;
	ct_cursor_skip(&cur, pkt->l4_off + 2u);
	old = ct_cursor_u16(&cur);
	ct_cursor_skip(&cur, 4);
	if (!ct_cursor_good(&cur))
		return;
	udp[2] = (uint8_t)(port >> 8);
	udp[3] = (uint8_t)port;
	/* A partial sum has no ports in it yet. */
	if (pkt->csum != CT_CSUM_PARTIAL)
		adjust(udp + 6, old, port);
}

const char *ct_sip_translate(struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	bool request = !ct_sip_is_answer(&msg);
	const char *why;

	if (request && !sip->rest && !rename_request(sip))
		return "SIP: the request's URI cannot be rewritten";
	why = rename_via(sip, request);
	if (why)
		return why;
	if (!rename_all(sip, CT_SIP_CONTACT))
		return "SIP: Contact cannot be rewritten";
	if (!rename_first(sip, CT_SIP_FROM) || !rename_first(sip, CT_SIP_TO))
		return "SIP: From or To cannot be rewritten";
	if (sip->thorough && (!rename_all(sip, CT_SIP_RECORD_ROUTE) ||
			      !rename_all(sip, CT_SIP_ROUTE)))
		return "SIP: a route cannot be rewritten";
	answer_to(sip);
	return NULL;
}
