/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: SIP messages.
 *
 *	byte 0	   which network layer, which transport
 *	then	   a message
 *
 * Whatever is found lies inside of the message, walks go on, and end.
 */
#include "fuzz.h"
#include "helper/sip_msg.h"
#include "payload.h"

#include <netinet/in.h>
#include <stdlib.h>

static void inside(const struct ct_say *msg, struct ct_span at)
{
	size_t len = ct_cursor_left(&msg->bytes);

	if (at.off > len || at.len > len - at.off)
		fuzz_wrong("a place behind the message");
}

/* What may follow a value. */
static void params(const struct ct_say *msg, uint32_t from)
{
	struct ct_sip_uri uri;
	struct ct_span at;
	uint32_t number;

	if (ct_sip_param_addr(msg, from, "maddr=", CT_SAY_URI, &uri))
		inside(msg, uri.at);
	if (ct_sip_param_addr(msg, from, "received=", CT_SAY_PLAIN, &uri))
		inside(msg, uri.at);
	if (ct_sip_param_number(msg, from, "expires=", &number, &at) ==
	    CT_FOUND)
		inside(msg, at);
	ct_sip_other_transport(msg, from);
}

static void walk(const struct ct_say *msg, enum ct_sip_hdr hdr)
{
	struct ct_sip_walk walk = { .hdr = hdr };
	struct ct_sip_uri uri;
	uint32_t before = 0;
	unsigned n = 0;

	while (ct_sip_uri_next(msg, &walk, &uri) == CT_FOUND) {
		inside(msg, uri.at);
		if (walk.off <= before)
			fuzz_wrong("a walk that does not go on");
		if (++n > CT_SIP_VALUES_MAX)
			fuzz_wrong("a walk that does not end");
		before = walk.off;
		params(msg, walk.off);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	uint8_t how = fuzz_u8(&in);
	uint8_t *copy = fuzz_copy(in.at, in.left);
	struct ct_say msg = { .l3 = how & 1 ? CT_L3_IPV6 : CT_L3_IPV4,
			      .l4 = how & 2 ? IPPROTO_TCP : IPPROTO_UDP };
	struct ct_sip_uri uri;
	struct ct_span at;
	uint32_t number;

	msg.bytes = ct_cursor_of(copy, in.left);
	for (unsigned hdr = 0; hdr < CT_SIP_HDR_MAX; hdr++)
		if (ct_sip_find(&msg, 0, (enum ct_sip_hdr)hdr, &at) == CT_FOUND)
			inside(&msg, at);
	ct_sip_number(&msg, CT_SIP_LENGTH, &number, &at);
	walk(&msg, CT_SIP_CONTACT);
	walk(&msg, CT_SIP_VIA_UDP);
	walk(&msg, CT_SIP_RECORD_ROUTE);
	if (ct_sip_request_uri(&msg, &uri) == CT_FOUND)
		inside(&msg, uri.at);
	ct_sip_is_answer(&msg);
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "SIP/2.0");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	const uint8_t how = (uint8_t)(n % 4);
	struct payload payload;

	return payload_at(n / 4, wanted, &payload)
		       ? payload_seed(&payload, &how, 1, to)
		       : 0;
}
