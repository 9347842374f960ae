/* SPDX-License-Identifier: CC0-1.0 */
/*
 * A network layer that nobody else has: that of a small radio network, with
 * addresses of two bytes.  UDP runs over it and is tracked by the library's own
 * tracker, which never learns what carries it.  In the public domain.
 *
 *	0      1      2            4            6            8
 *	+------+------+------------+------------+------------+----
 *	| 0x7a | l4   | length     | source     | destination| transport
 *	+------+------+------------+------------+------------+----
 *
 * length counts the header, too.  UDP's checksum covers a pseudo header of
 * source, destination, transport number and transport length.
 */
#include "radio.h"

#include <stdio.h>
#include <string.h>

#define RADIO_ADDR_LEN 2

/* What a header says of itself; the bytes are foreign. */
static bool read_header(struct ct_pkt *pkt, struct ct_tuple *t,
			uint16_t *length)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	const uint8_t magic = ct_cursor_u8(&cur);

	pkt->l4 = ct_cursor_u8(&cur);
	*length = ct_cursor_u16(&cur);
	ct_cursor_copy(&cur, t->src.bytes, RADIO_ADDR_LEN);
	ct_cursor_copy(&cur, t->dst.bytes, RADIO_ADDR_LEN);
	pkt->l4_off = RADIO_HEADER_LEN;
	if (!ct_cursor_good(&cur)) {
		pkt->reason = CT_R_IP_TRUNCATED;
		return false;
	}
	if (magic != RADIO_MAGIC) {
		pkt->reason = CT_R_IP_VERSION;
		return false;
	}
	return true;
}

static bool radio_parse(struct ct_pkt *pkt, struct ct_tuple *t)
{
	const uint32_t whole = pkt->frame_len ? pkt->frame_len : pkt->len;
	uint16_t length;

	if (!read_header(pkt, t, &length))
		return false;
	if (length < RADIO_HEADER_LEN || length > whole) {
		pkt->reason = CT_R_IP_TOTAL_LEN;
		return false;
	}
	pkt->l4_len = (uint32_t)length - RADIO_HEADER_LEN;
	return true;
}

/* A quoted packet may be cut: its length is not what is there. */
static bool radio_parse_quoted(struct ct_pkt *pkt, struct ct_tuple *t)
{
	uint16_t length;

	if (!read_header(pkt, t, &length))
		return false;
	pkt->l4_len = pkt->len - RADIO_HEADER_LEN;
	return true;
}

static uint32_t radio_pseudo_sum(const struct ct_pkt *pkt, uint8_t l4,
				 uint32_t l4_len)
{
	struct ct_cursor cur = ct_cursor_of(pkt->data, pkt->len);
	uint32_t src;

	ct_cursor_skip(&cur, 4);
	src = ct_cursor_u16(&cur);
	return src + ct_cursor_u16(&cur) + l4 + l4_len;
}

static void radio_addr_text(const union ct_addr *addr, char *buf)
{
	sprintf(buf, "r%02x%02x", addr->bytes[0], addr->bytes[1]);
}

void radio_header(uint8_t header[RADIO_HEADER_LEN], uint8_t l4, uint16_t len,
		  const uint16_t addr[2])
{
	const uint16_t length = (uint16_t)(RADIO_HEADER_LEN + len);
	const uint8_t bytes[RADIO_HEADER_LEN] = {
		RADIO_MAGIC,
		l4,
		(uint8_t)(length >> 8),
		(uint8_t)length,
		(uint8_t)(addr[0] >> 8),
		(uint8_t)addr[0],
		(uint8_t)(addr[1] >> 8),
		(uint8_t)addr[1],
	};

	memcpy(header, bytes, sizeof(bytes));
}

const struct ct_l3_ops radio_ops = {
	.size = sizeof(radio_ops),
	.name = "radio",
	.l3 = RADIO_L3,
	.family = RADIO_L3,
	.addr_len = RADIO_ADDR_LEN,
	.parse = radio_parse,
	.parse_quoted = radio_parse_quoted,
	.pseudo_sum = radio_pseudo_sum,
	.addr_text = radio_addr_text,
};
