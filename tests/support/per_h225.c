/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Call signalling and RAS in aligned PER; see per_out.h.
 */
#include "per_out.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t protocol[] = { 0, 8, 0x91, 0x4a, 0, 4 };
static const uint8_t conference[16] = { 0xf8, 0xfd, 0xf9, 1, 2, 3 };

static void name(struct ct_per_out *out, const char *text)
{
	ct_per_number(out, (uint32_t)strlen(text) - 1, 1); /* 1..256 */
	for (; *text; text++)
		ct_per_number(out, (uint8_t)*text, 2);
}

/* One alias, an h323-ID. */
static void aliases(struct ct_per_out *out, const char *text)
{
	ct_per_length(out, 1);
	ct_per_bits(out, 1, 2);
	name(out, text);
}

/* A BMPString of at most 128 characters. */
static void identifier(struct ct_per_out *out, const char *text)
{
	ct_per_bits(out, (uint32_t)strlen(text) - 1, 7);
	for (; *text; text++)
		ct_per_number(out, (uint8_t)*text, 2);
}

static void vendor(struct ct_per_out *out)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 2, 2); /* productId, no versionId */
	ct_per_bits(out, 0, 1);
	ct_per_number(out, 9, 1);
	ct_per_number(out, 0, 1);
	ct_per_number(out, 61, 2);
	ct_per_number(out, 4 - 1, 1); /* 1..256 */
	ct_per_raw(out, "test", 4);
}

/* A terminal that tells who made it. */
static void endpoint(struct ct_per_out *out)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 0x11, 6); /* vendor, terminal */
	vendor(out);
	ct_per_bits(out, 0, 2); /* terminal */
	ct_per_bits(out, 0, 2);
}

static void address_list(struct ct_per_out *out, struct ct_per_end4 end)
{
	ct_per_length(out, end.addr ? 1 : 0);
	if (end.addr)
		ct_per_h225_address(out, end);
}

/* --- Call signalling ---------------------------------------------------- */

static bool has_h245(const struct ct_per_call *call)
{
	return call->h245.addr || call->h245_6;
}

static void h245(struct ct_per_out *out, const struct ct_per_call *call)
{
	if (call->h245_6)
		ct_per_h225_address6(out, call->h245_6, call->h245.port);
	else if (call->h245.addr)
		ct_per_h225_address(out, call->h245);
}

static void open_address(struct ct_per_out *out, struct ct_per_end4 end)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_h225_address(&in, end);
	ct_per_open(out, &in);
}

static void fast(struct ct_per_out *out, const struct ct_per_call *call)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_length(&in, call->n_fast);
	for (unsigned i = 0; i < call->n_fast; i++) {
		struct ct_per_out channel;

		ct_per_begin(&channel);
		ct_per_channel(&channel, &call->fast[i]);
		ct_per_open(&in, &channel);
	}
	ct_per_open(out, &in);
}

static void setup(struct ct_per_out *out, const struct ct_per_call *call)
{
	bool source = call->source.addr;
	bool more = source || call->n_fast;

	ct_per_bits(out, more, 1);
	ct_per_bits(out, has_h245(call), 1);
	ct_per_bits(out, 1, 1); /* sourceAddress */
	ct_per_bits(out, 1, 1); /* destinationAddress */
	ct_per_bits(out, !!call->dest.addr, 1);
	ct_per_bits(out, 0, 3);
	ct_per_octets(out, protocol, sizeof(protocol));
	h245(out, call);
	aliases(out, "alice");
	endpoint(out);
	ct_per_length(out, 1); /* dialedDigits, four bits each: 123 */
	ct_per_bits(out, 0, 2);
	ct_per_bits(out, 3 - 1, 7);
	ct_per_align(out);
	ct_per_bits(out, 0x234, 12);
	if (call->dest.addr)
		ct_per_h225_address(out, call->dest);
	ct_per_bits(out, 0, 1); /* activeMC */
	ct_per_raw(out, conference, sizeof(conference));
	ct_per_bits(out, 0, 3); /* create */
	ct_per_bits(out, 0, 3); /* pointToPoint */
	if (!more)
		return;
	ct_per_additions(out, 7,
			 (source ? 64u : 0u) | (call->n_fast ? 1u : 0u));
	if (source)
		open_address(out, call->source);
	if (call->n_fast)
		fast(out, call);
}

static void more_fast(struct ct_per_out *out, const struct ct_per_call *call)
{
	if (!call->n_fast)
		return;
	ct_per_additions(out, 5, 1);
	fast(out, call);
}

static void connected(struct ct_per_out *out, const struct ct_per_call *call)
{
	ct_per_bits(out, call->n_fast != 0, 1);
	ct_per_bits(out, has_h245(call), 1);
	ct_per_octets(out, protocol, sizeof(protocol));
	h245(out, call);
	endpoint(out);
	ct_per_raw(out, conference, sizeof(conference));
	more_fast(out, call);
}

static void proceeding(struct ct_per_out *out, const struct ct_per_call *call)
{
	ct_per_bits(out, call->n_fast != 0, 1);
	ct_per_bits(out, has_h245(call), 1);
	ct_per_octets(out, protocol, sizeof(protocol));
	endpoint(out);
	h245(out, call);
	more_fast(out, call);
}

static void facility(struct ct_per_out *out, const struct ct_per_call *call)
{
	bool h245_too = call->h245.addr;

	ct_per_bits(out, h245_too, 1);
	ct_per_bits(out, !!call->forward.addr, 1);
	ct_per_bits(out, 0, 2);
	ct_per_octets(out, protocol, sizeof(protocol));
	if (call->forward.addr)
		ct_per_h225_address(out, call->forward);
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, call->reason, 2);
	if (h245_too) {
		ct_per_additions(out, 7, 1);
		open_address(out, call->h245);
	}
}

static void progress(struct ct_per_out *out, const struct ct_per_call *call)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, has_h245(call), 1);
	ct_per_bits(&in, 0, 4);
	ct_per_octets(&in, protocol, sizeof(protocol));
	endpoint(&in);
	h245(&in, call);
	ct_per_bits(&in, 0, 1); /* callIdentifier */
	ct_per_raw(&in, conference, sizeof(conference));
	ct_per_open(out, &in);
}

static void body(struct ct_per_out *out, const struct ct_per_call *call)
{
	if (call->body == CT_PER_BODY_PROGRESS) {
		ct_per_bits(out, 1, 1);
		ct_per_bits(out, 0, 7);
		progress(out, call);
		return;
	}
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, call->body, 3);
	switch (call->body) {
	case CT_PER_BODY_SETUP:
		setup(out, call);
		break;
	case CT_PER_BODY_CONNECT:
		connected(out, call);
		break;
	case CT_PER_BODY_FACILITY:
		facility(out, call);
		break;
	default:
		proceeding(out, call);
	}
}

void ct_per_call(struct ct_per_out *out, const struct ct_per_call *call)
{
	struct ct_per_out in;

	ct_per_bits(out, 0, 2); /* no user-data */
	ct_per_bits(out, call->n_tunnelled != 0, 1);
	ct_per_bits(out, 0, 1);
	body(out, call);
	if (!call->n_tunnelled)
		return;
	ct_per_additions(out, 3, 3); /* h245Tunneling, h245Control */
	ct_per_begin(&in);
	ct_per_bits(&in, 1, 1);
	ct_per_open(out, &in);
	ct_per_begin(&in);
	ct_per_length(&in, call->n_tunnelled);
	for (unsigned i = 0; i < call->n_tunnelled; i++)
		ct_per_open(&in, &call->tunnelled[i]);
	ct_per_open(out, &in);
}

size_t ct_per_tpkt(uint8_t *to, const struct ct_per_out *message)
{
	size_t len = 4 + ct_per_size(message);

	to[0] = 3;
	to[1] = 0;
	to[2] = (uint8_t)(len >> 8);
	to[3] = (uint8_t)len;
	memcpy(to + 4, message->bytes, len - 4);
	return len;
}

size_t ct_per_call_tpkt(uint8_t *to, const struct ct_per_call *call)
{
	static const uint8_t types[] = { 0x05, 0x02, 0x07, 0x01,
					 0,    0,    0x62, 0x03 };
	struct ct_per_out user, whole;

	ct_per_begin(&user);
	ct_per_call(&user, call);
	ct_per_begin(&whole);
	ct_per_number(&whole, 0x080200, 3);
	ct_per_number(&whole, 1, 1); /* call reference */
	ct_per_number(&whole, types[call->body], 1);
	ct_per_number(&whole, 0xa1, 1);     /* sending complete */
	ct_per_number(&whole, 0x280161, 3); /* display: a */
	ct_per_number(&whole, 0x7e, 1);
	ct_per_number(&whole, (uint32_t)ct_per_size(&user) + 1, 2);
	ct_per_number(&whole, 5, 1);
	ct_per_raw(&whole, user.bytes, ct_per_size(&user));
	return ct_per_tpkt(to, &whole);
}

/* --- RAS ---------------------------------------------------------------- */

static void seq_num(struct ct_per_out *out)
{
	ct_per_number(out, 7 - 1, 2);
}

/* => A TimeToLive as an open type. */
static void open_ttl(struct ct_per_out *out, uint32_t seconds)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_bits(&in, 2 - 1, 2); /* in two bytes */
	ct_per_number(&in, seconds - 1, 2);
	ct_per_open(out, &in);
}

static void ttl(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	if (!ras->time_to_live)
		return;
	ct_per_additions(out, 2, 1);
	open_ttl(out, ras->time_to_live);
}

static void grq(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 4);
	seq_num(out);
	ct_per_octets(out, protocol, sizeof(protocol));
	ct_per_h225_address(out, ras->ras);
	endpoint(out);
}

static void gcf(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 1, 2); /* gatekeeperIdentifier */
	seq_num(out);
	ct_per_octets(out, protocol, sizeof(protocol));
	identifier(out, "gk");
	ct_per_h225_address(out, ras->ras);
}

static void rrq(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, ras->time_to_live != 0, 1);
	ct_per_bits(out, 2, 3); /* terminalAlias */
	seq_num(out);
	ct_per_octets(out, protocol, sizeof(protocol));
	ct_per_bits(out, 0, 1); /* discoveryComplete */
	address_list(out, ras->signal);
	address_list(out, ras->ras);
	endpoint(out);
	aliases(out, "alice");
	vendor(out);
	ttl(out, ras);
}

static void rcf(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, ras->time_to_live != 0, 1);
	ct_per_bits(out, 2, 3); /* terminalAlias */
	seq_num(out);
	ct_per_octets(out, protocol, sizeof(protocol));
	address_list(out, ras->signal);
	aliases(out, "alice");
	identifier(out, "end1");
	ttl(out, ras);
}

static void urq(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 3);
	seq_num(out);
	address_list(out, ras->signal);
}

static void arq(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 1, 1); /* callModel */
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, !!ras->signal.addr, 1);
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, !!ras->source.addr, 1);
	ct_per_bits(out, 0, 2);
	seq_num(out);
	ct_per_bits(out, 0, 3); /* callType */
	ct_per_bits(out, 1, 2); /* gatekeeperRouted */
	identifier(out, "end1");
	if (ras->signal.addr)
		ct_per_h225_address(out, ras->signal);
	aliases(out, "alice");
	if (ras->source.addr)
		ct_per_h225_address(out, ras->source);
	ct_per_bits(out, 1, 2); /* bandWidth */
	ct_per_number(out, 1280, 2);
}

static void acf(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 2);
	seq_num(out);
	ct_per_bits(out, 1, 2);
	ct_per_number(out, 1280, 2);
	ct_per_bits(out, 0, 2); /* direct */
	ct_per_h225_address(out, ras->signal);
}

static void lrq(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 2);
	seq_num(out);
	aliases(out, "bob");
	ct_per_h225_address(out, ras->ras);
}

static void lcf(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 1);
	seq_num(out);
	ct_per_h225_address(out, ras->signal);
	ct_per_h225_address(out, ras->ras);
}

static void irr(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	ct_per_bits(out, 0, 1 + 3);
	seq_num(out);
	endpoint(out);
	identifier(out, "end1");
	ct_per_h225_address(out, ras->ras);
	address_list(out, ras->signal);
}

void ct_per_ras(struct ct_per_out *out, const struct ct_per_ras *ras)
{
	static void (*const bodies[])(struct ct_per_out *,
				      const struct ct_per_ras *) = {
		[0] = grq, [1] = gcf,  [3] = rrq,  [4] = rcf,  [6] = urq,
		[9] = arq, [10] = acf, [18] = lrq, [19] = lcf, [22] = irr,
	};

	ct_per_bits(out, 0, 1);
	ct_per_bits(out, ras->message, 5);
	if (ras->message >= sizeof(bodies) / sizeof(bodies[0]) ||
	    !bodies[ras->message])
		abort();
	bodies[ras->message](out, ras);
}
