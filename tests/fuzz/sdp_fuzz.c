/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: session descriptions.
 *
 *	byte 0	   which network layer
 *	then	   a message with a description
 */
#include "fuzz.h"
#include "helper/sdp.h"
#include "payload.h"

#include <stdlib.h>

static void inside(const struct ct_say *msg, struct ct_span at)
{
	size_t len = ct_cursor_left(&msg->bytes);

	if (at.off > len || at.len > len - at.off)
		fuzz_wrong("a place behind the message");
}

static void lines(const struct ct_say *msg, uint32_t from)
{
	union ct_addr addr;
	struct ct_span at;

	if (ct_sdp_addr(msg, from, CT_SDP_OWNER, CT_SDP_MEDIA, &at, &addr) ==
	    CT_FOUND)
		inside(msg, at);
	if (ct_sdp_addr(msg, from, CT_SDP_CONNECTION, CT_SDP_MEDIA, &at,
			&addr) == CT_FOUND)
		inside(msg, at);
	if (ct_sdp_find(msg, from, CT_SDP_RTCP, CT_SDP_MEDIA, &at) == CT_FOUND)
		inside(msg, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	uint8_t how = fuzz_u8(&in);
	uint8_t *copy = fuzz_copy(in.at, in.left);
	struct ct_say msg = { .l3 = how & 1 ? CT_L3_IPV6 : CT_L3_IPV4 };
	struct ct_sdp_media media;
	uint32_t from = 0;

	msg.bytes = ct_cursor_of(copy, in.left);
	lines(&msg, 0);
	while (ct_sdp_media_next(&msg, from, &media)) {
		inside(&msg, media.at);
		if (media.known)
			inside(&msg, media.port_at);
		if (media.at.off <= from)
			fuzz_wrong("media that do not go on");
		from = media.at.off;
		lines(&msg, from);
	}
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "v=0");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	const uint8_t how = (uint8_t)(n % 2);
	struct payload payload;

	return payload_at(n / 2, wanted, &payload)
		       ? payload_seed(&payload, &how, 1, to)
		       : 0;
}
