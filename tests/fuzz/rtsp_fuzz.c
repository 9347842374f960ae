/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: RTSP messages and their transports.
 *
 *	byte 0	   which network layer
 *	then	   a message
 */
#include "fuzz.h"
#include "helper/rtsp_msg.h"
#include "payload.h"

#include <stdlib.h>
#include <string.h>

static void inside(const struct ct_say *msg, struct ct_span at)
{
	size_t len = ct_cursor_left(&msg->bytes);

	if (at.off > len || at.len > len - at.off)
		fuzz_wrong("a place behind the message");
}

static void check_end(const struct ct_say *msg, const struct ct_rtsp_end *end)
{
	if (end->n > 2)
		fuzz_wrong("more than two ports");
	if (end->n == 2 && end->port == UINT16_MAX)
		fuzz_wrong("a second port past the last");
	for (unsigned i = 0; i < (end->range ? end->n > 0 : end->n); i++)
		inside(msg, end->at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	uint8_t how = fuzz_u8(&in);
	uint8_t *copy = fuzz_copy(in.at, in.left);
	struct ct_say msg = { .l3 = how & 1 ? CT_L3_IPV6 : CT_L3_IPV4 };
	struct ct_rtsp_transport transport;
	struct ct_cursor value;
	struct ct_span at;

	msg.bytes = ct_cursor_of(copy, in.left);
	ct_rtsp_length(&msg, &at);
	inside(&msg, at);
	value = msg.bytes; /* and the whole message as a transport */
	if (!(how & 2) && !ct_rtsp_header(&msg, "Transport", &value))
		value = ct_cursor_of(copy, 0);
	while (ct_rtsp_transport_next(&msg, &value, &transport)) {
		check_end(&msg, &transport.client);
		check_end(&msg, &transport.server);
		if (transport.destination.there)
			inside(&msg, transport.destination.at);
		if (transport.source.there)
			inside(&msg, transport.source.at);
	}
	free(copy);
	return 0;
}

/* No golden has RTSP 2.0. */
static const char *const own[] = {
	"SETUP rtsp://a RTSP/2.0\r\nTransport: RTP/AVP/UDP;unicast;"
	"dest_addr=\":4588\"/\":4589\";src_addr=\"192.0.2.5:6256\"/"
	"\"192.0.2.5:6257\"\r\n\r\n",
	"SETUP rtsp://a RTSP/1.0\r\nTransport: RTP/AVP/TCP;interleaved=0-1,"
	"RTP/AVP;client_port=4588-4589;destination=10.0.0.2\r\n\r\n"
};

enum { OWN = sizeof(own) / sizeof(own[0]) };

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "RTSP/1.0");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	const uint8_t how = (uint8_t)(n % 4);
	struct payload payload;

	if (n / 4 < OWN)
		payload = (struct payload){ (const uint8_t *)own[n / 4],
					    strlen(own[n / 4]) };
	else if (!payload_at(n / 4 - OWN, wanted, &payload))
		return 0;
	return payload_seed(&payload, &how, 1, to);
}
