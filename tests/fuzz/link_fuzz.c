/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the link-layer decoders of ct-replay.
 *
 *	byte 0, 1  the link type
 *	byte 2	   how many bytes the capture cut off
 *	then	   the frame
 */
#include "corpus.h"
#include "fuzz.h"
#include "link.h"

#include <conntrack/types.h>
#include <stdlib.h>
#include <string.h>

/* Every DLT_* number is below this. */
enum { DLT_END = 512, HEADER = 3 };

static void decode(int dlt, const struct link_frame *frame)
{
	struct link_ip ip = { 0 };

	if (link_decode(dlt, frame, &ip) != LINK_IP)
		return;
	if (ip.off > frame->len || ip.len > frame->len - ip.off)
		fuzz_wrong("the IP packet does not lie in its frame");
	if (ip.wire_len < ip.len)
		fuzz_wrong("more was kept than there was");
	if (ip.l3 != CT_L3_IPV4 && ip.l3 != CT_L3_IPV6)
		fuzz_wrong("neither IPv4 nor IPv6");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	int dlt = fuzz_u16(&in) % DLT_END;
	size_t cut = fuzz_u8(&in);
	struct link_frame frame = { 0 };
	uint8_t *copy = fuzz_copy(in.at, in.left);

	frame.bytes = copy;
	frame.len = in.left;
	frame.wire_len = in.left + cut;
	decode(dlt, &frame);
	free(copy);
	return 0;
}

/* Ethernet, from one byte to the next, around a packet of the goldens. */
static size_t ethernet(unsigned n, uint8_t *to)
{
	static const uint8_t tags[][8] = {
		{ 0 },
		{ 0x81, 0x00, 0x00, 0x05 },
		{ 0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06 },
	};
	static const size_t tag_len[] = { 0, 4, 8 };
	const struct corpus_packet *packet = corpus_at(n * 37);
	size_t len = HEADER + 12;

	memset(to, 0, len);
	to[1] = 1; /* DLT_EN10MB */
	memcpy(to + len, tags[n % 3], tag_len[n % 3]);
	len += tag_len[n % 3];
	to[len++] = packet->bytes[0] >> 4 == 6 ? 0x86 : 0x08;
	to[len++] = packet->bytes[0] >> 4 == 6 ? 0xdd : 0x00;
	if (packet->len > FUZZ_INPUT_MAX - len)
		return len;
	memcpy(to + len, packet->bytes, packet->len);
	return len + packet->len;
}

/* Zeros of some length, then a packet: many a link type has such a header. */
static size_t padded(unsigned dlt, unsigned pad, uint8_t *to)
{
	const struct corpus_packet *packet = corpus_at(dlt);
	size_t len = HEADER + pad;

	memset(to, 0, len);
	to[0] = (uint8_t)(dlt >> 8);
	to[1] = (uint8_t)dlt;
	if (packet->len > FUZZ_INPUT_MAX - len)
		return len;
	memcpy(to + len, packet->bytes, packet->len);
	return len + packet->len;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	enum { FRAMES = 60, PADS = 6 };
	unsigned known = 0;

	if (n < FRAMES)
		return ethernet(n, to);
	n -= FRAMES;
	for (unsigned dlt = 0; dlt < DLT_END; dlt++)
		if (link_known((int)dlt) && known++ == n / PADS)
			return padded(dlt, n % PADS * 4, to);
	return 0;
}
