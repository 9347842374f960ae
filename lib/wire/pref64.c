/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 addresses inside IPv6 ones; see pref64.h.
 *
 *	bits	0      32     40     48     56     64 72           96     128
 *	/32	prefix |      IPv4 address         | u |      suffix
 *	/40	prefix        |   IPv4 address     | u | IPv4 | suffix
 *	/48	prefix               |    IPv4     | u | IPv4        | suffix
 *	/56	prefix                      | IPv4 | u |    IPv4        | suffix
 *	/64	prefix                             | u |  IPv4 address  | suffix
 *	/96	prefix                                            | IPv4 address
 */
#include "wire/pref64.h"

#include <string.h>

enum { U = 8, V4_LEN = 4 };

static bool is_length(unsigned len)
{
	switch (len) {
	case 32:
	case 40:
	case 48:
	case 56:
	case 64:
	case 96:
		return true;
	default:
		return false;
	}
}

/* Where the i-th byte of the IPv4 address is. */
static unsigned place(unsigned len, unsigned i)
{
	unsigned at = len / 8 + i;

	return len < 96 && at >= U ? at + 1 : at;
}

bool ct_pref64_good(const union ct_addr *prefix, unsigned len)
{
	if (!is_length(len) || prefix->bytes[U])
		return false;
	for (unsigned i = len / 8; i < sizeof(prefix->bytes); i++)
		if (prefix->bytes[i])
			return false;
	return true;
}

bool ct_pref64_has(const union ct_addr *prefix, unsigned len,
		   const union ct_addr *v6)
{
	return memcmp(prefix->bytes, v6->bytes, len / 8) == 0;
}

void ct_pref64_embed(const union ct_addr *prefix, unsigned len,
		     const union ct_addr *v4, union ct_addr *v6)
{
	union ct_addr whole;

	memset(&whole, 0, sizeof(whole));
	memcpy(whole.bytes, prefix->bytes, len / 8);
	for (unsigned i = 0; i < V4_LEN; i++)
		whole.bytes[place(len, i)] = v4->bytes[i];
	*v6 = whole;
}

void ct_pref64_extract(unsigned len, const union ct_addr *v6, union ct_addr *v4)
{
	union ct_addr whole;

	memset(&whole, 0, sizeof(whole));
	for (unsigned i = 0; i < V4_LEN; i++)
		whole.bytes[i] = v6->bytes[place(len, i)];
	*v4 = whole;
}

bool ct_pref64_well_known(const union ct_addr *prefix, unsigned len)
{
	static const uint8_t well_known[12] = { 0, 0x64, 0xff, 0x9b };

	return len == 96 &&
	       memcmp(prefix->bytes, well_known, sizeof(well_known)) == 0;
}

/* What is not global, or not an address of one host. */
static const struct {
	uint8_t net[V4_LEN];
	uint8_t len;
} special[] = {
	{ { 0 }, 8 },             /* this network */
	{ { 10 }, 8 },            /* private use, RFC 1918 */
	{ { 100, 64 }, 10 },      /* carriers' own, RFC 6598 */
	{ { 127 }, 8 },           /* loopback */
	{ { 169, 254 }, 16 },     /* link-local, RFC 3927 */
	{ { 172, 16 }, 12 },      /* private use */
	{ { 192, 0, 0 }, 24 },    /* protocol assignments */
	{ { 192, 0, 2 }, 24 },    /* documentation, RFC 5737 */
	{ { 192, 168 }, 16 },     /* private use */
	{ { 198, 18 }, 15 },      /* benchmarks, RFC 2544 */
	{ { 198, 51, 100 }, 24 }, /* documentation */
	{ { 203, 0, 113 }, 24 },  /* documentation */
	{ { 224 }, 4 },           /* multicast */
	{ { 240 }, 4 },           /* reserved, and broadcast */
};

static uint32_t number(const uint8_t bytes[V4_LEN])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

bool ct_ipv4_global(const union ct_addr *v4)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!((number(v4->bytes) ^ number(special[i].net)) >>
		      (32 - special[i].len)))
			return false;
	return true;
}
