/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An encoder of aligned PER, and of addresses and H.245 in it; see per_out.h.
 */
#include "per_out.h"

#include <stdlib.h>
#include <string.h>

void ct_per_begin(struct ct_per_out *out)
{
	memset(out, 0, sizeof(*out));
}

size_t ct_per_size(const struct ct_per_out *out)
{
	return (out->bit + 7) / 8;
}

void ct_per_bits(struct ct_per_out *out, uint32_t value, unsigned n)
{
	while (n--) {
		if (out->bit == 8 * sizeof(out->bytes))
			abort();
		if (value >> n & 1)
			out->bytes[out->bit / 8] |=
				(uint8_t)(0x80u >> out->bit % 8);
		out->bit++;
	}
}

void ct_per_align(struct ct_per_out *out)
{
	out->bit = 8 * ct_per_size(out);
}

void ct_per_number(struct ct_per_out *out, uint32_t value, unsigned n)
{
	ct_per_align(out);
	ct_per_bits(out, value, 8 * n);
}

void ct_per_raw(struct ct_per_out *out, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	ct_per_align(out);
	while (n--)
		ct_per_bits(out, *at++, 8);
}

void ct_per_length(struct ct_per_out *out, size_t n)
{
	if (n < 128)
		ct_per_number(out, (uint32_t)n, 1);
	else
		ct_per_number(out, 0x8000u | (uint32_t)n, 2);
}

void ct_per_octets(struct ct_per_out *out, const void *bytes, size_t n)
{
	ct_per_length(out, n);
	ct_per_raw(out, bytes, n);
}

void ct_per_open(struct ct_per_out *out, const struct ct_per_out *inner)
{
	ct_per_octets(out, inner->bytes, ct_per_size(inner));
}

void ct_per_additions(struct ct_per_out *out, unsigned n, uint32_t there)
{
	ct_per_bits(out, n - 1, 7);
	ct_per_bits(out, there, n);
}

/* --- Addresses ---------------------------------------------------------- */

void ct_per_h225_address(struct ct_per_out *out, struct ct_per_end4 end)
{
	ct_per_bits(out, 0, 1 + 3); /* ipAddress */
	ct_per_number(out, end.addr, 4);
	ct_per_number(out, end.port, 2);
}

void ct_per_h245_address(struct ct_per_out *out, struct ct_per_end4 end)
{
	ct_per_bits(out, 0, 1 + 1); /* unicastAddress */
	ct_per_bits(out, 0, 1 + 3); /* iPAddress */
	ct_per_bits(out, 0, 1);
	ct_per_number(out, end.addr, 4);
	ct_per_number(out, end.port, 2);
}

void ct_per_h225_address6(struct ct_per_out *out, const uint8_t addr[16],
			  uint16_t port)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 3, 3); /* ip6Address */
	ct_per_bits(out, 0, 1);
	ct_per_raw(out, addr, 16);
	ct_per_number(out, port, 2);
}

void ct_per_h245_address6(struct ct_per_out *out, const uint8_t addr[16],
			  uint16_t port)
{
	ct_per_bits(out, 0, 1 + 1);
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 2, 3); /* iP6Address */
	ct_per_bits(out, 0, 1);
	ct_per_raw(out, addr, 16);
	ct_per_number(out, port, 2);
}

/* --- H.245 -------------------------------------------------------------- */

static void media(struct ct_per_out *out, const struct ct_per_channel *ch)
{
	if (ch->media6)
		ct_per_h245_address6(out, ch->media6, ch->media.port);
	else
		ct_per_h245_address(out, ch->media);
}

static bool has_media(const struct ct_per_channel *ch)
{
	return ch->media.addr || ch->media6;
}

static void h2250(struct ct_per_out *out, const struct ct_per_channel *ch)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, 0, 2);                  /* nonStandard, associated */
	ct_per_bits(&in, has_media(ch), 1);      /* mediaChannel */
	ct_per_bits(&in, ch->silence, 1);        /* mediaGuaranteedDelivery */
	ct_per_bits(&in, !!ch->control.addr, 1); /* mediaControlChannel */
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, ch->silence, 1); /* silenceSuppression */
	ct_per_bits(&in, 0, 3);
	ct_per_number(&in, 1, 1); /* sessionID */
	if (has_media(ch))
		media(&in, ch);
	if (ch->silence)
		ct_per_bits(&in, 0, 1);
	if (ch->control.addr)
		ct_per_h245_address(&in, ch->control);
	if (ch->silence)
		ct_per_bits(&in, 1, 1);
	ct_per_open(out, &in);
}

/* dataType: G.711 A-law. */
static void audio(struct ct_per_out *out)
{
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 3, 3); /* audioData */
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 1, 4); /* g711Alaw64k */
	ct_per_number(out, 30 - 1, 1);
}

static void reverse(struct ct_per_out *out, const struct ct_per_channel *ch)
{
	const struct ct_per_channel back = { .media = ch->reverse };

	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 1, 1); /* multiplexParameters */
	audio(out);
	ct_per_bits(out, 1, 1);
	ct_per_bits(out, 0, 7); /* first addition: h2250 */
	h2250(out, &back);
}

/* separateStack: NetworkAccessParameters */
static void stack(struct ct_per_out *out, struct ct_per_end4 end)
{
	struct ct_per_out in;

	ct_per_begin(&in);
	ct_per_bits(&in, 0, 1 + 2);
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, 2, 2); /* localAreaAddress */
	ct_per_h245_address(&in, end);
	ct_per_bits(&in, 0, 1); /* associateConference */
	ct_per_open(out, &in);
}

void ct_per_channel(struct ct_per_out *out, const struct ct_per_channel *ch)
{
	ct_per_bits(out, !!ch->data.addr, 1);
	ct_per_bits(out, !!ch->reverse.addr, 1);
	ct_per_number(out, ch->number - 1u, 2);
	ct_per_bits(out, 0, 2); /* forward: no port number */
	audio(out);
	ct_per_bits(out, 1, 1);
	ct_per_bits(out, 0, 7); /* first addition: h2250 */
	h2250(out, ch);
	if (ch->reverse.addr)
		reverse(out, ch);
	if (ch->data.addr) {
		ct_per_additions(out, 1, 1);
		stack(out, ch->data);
	}
}

void ct_per_open_channel(struct ct_per_out *out,
			 const struct ct_per_channel *ch)
{
	ct_per_bits(out, 0, 1 + 2); /* request */
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 3, 4);
	ct_per_channel(out, ch);
}

void ct_per_channel_ack(struct ct_per_out *out, const struct ct_per_channel *ch)
{
	struct ct_per_out in;

	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 1, 2); /* response */
	ct_per_bits(out, 0, 1);
	ct_per_bits(out, 5, 5);
	ct_per_bits(out, 1, 1); /* additions */
	ct_per_bits(out, 0, 1); /* no reverseLogicalChannelParameters */
	ct_per_number(out, ch->number - 1u, 2);
	ct_per_additions(out, 2, 1); /* forwardMultiplexAckParameters */

	ct_per_begin(&in);
	ct_per_bits(&in, 0, 1); /* h2250LogicalChannelAckParameters */
	ct_per_bits(&in, ch->flow, 1);
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, 1, 1); /* sessionID */
	ct_per_bits(&in, has_media(ch), 1);
	ct_per_bits(&in, !!ch->control.addr, 1);
	ct_per_bits(&in, 0, 1);
	ct_per_bits(&in, 1 - 1, 8);
	if (has_media(ch))
		media(&in, ch);
	if (ch->control.addr)
		ct_per_h245_address(&in, ch->control);
	if (ch->flow) {
		ct_per_additions(&in, 1, 1);
		ct_per_number(&in, 0x0100, 2);
	}
	ct_per_open(out, &in);
}
