/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * range.c - what a range of addresses and ids means; pure
 *
 * Which address of several one gets depends on the tuple alone, so that the
 * flows of one host to one peer, or with PERSISTENT of one host, get the same.
 * It is the address that Linux gives: hence the hash, which is Bob Jenkins'
 * lookup3 (public domain) over 32-bit words as a little-endian machine loads
 * them.
 */
#include "nat/range.h"

#include <arpa/inet.h>
#include <string.h>

#define LOOKUP3_START 0xdeadbeefu

enum { WORDS = 4 };

/* --- lookup3 ------------------------------------------------------------ */

static uint32_t rotated(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static uint32_t native(uint32_t word)
{
	uint8_t b[4];

	memcpy(b, &word, sizeof(b));
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static void mix(uint32_t *a, uint32_t b, uint32_t *c, unsigned by)
{
	*a = (*a - *c) ^ rotated(*c, by);
	*c += b;
}

static void finish(uint32_t *to, uint32_t from, unsigned by)
{
	*to = (*to ^ from) - rotated(from, by);
}

/* Of four words. */
static uint32_t lookup3(const uint32_t word[WORDS], uint32_t start)
{
	uint32_t a = LOOKUP3_START + WORDS * 4 + start + native(word[0]);
	uint32_t b = LOOKUP3_START + WORDS * 4 + start + native(word[1]);
	uint32_t c = LOOKUP3_START + WORDS * 4 + start + native(word[2]);

	mix(&a, b, &c, 4);
	mix(&b, c, &a, 6);
	mix(&c, a, &b, 8);
	mix(&a, b, &c, 16);
	mix(&b, c, &a, 19);
	mix(&c, a, &b, 4);
	a += native(word[3]);
	finish(&c, b, 14);
	finish(&a, c, 11);
	finish(&b, a, 25);
	finish(&c, b, 16);
	finish(&a, c, 4);
	finish(&b, a, 14);
	finish(&c, b, 24);
	return c;
}

/* --- Addresses ---------------------------------------------------------- */

static unsigned words_of(const struct ct_tuple *t)
{
	return t->l3 == CT_L3_IPV4 ? 1 : WORDS;
}

static bool one_address(const struct ct_nat_range *range)
{
	return memcmp(&range->min_addr, &range->max_addr,
		      sizeof(range->min_addr)) == 0;
}

/* The prefix is where the first and the last address agree. */
void ct_range_map(struct ct_nat_range *range, const union ct_addr *addr)
{
	union ct_addr *min = &range->min_addr;

	for (unsigned i = 0; i < sizeof(addr->bytes); i++) {
		uint8_t host = min->bytes[i] ^ range->max_addr.bytes[i];

		min->bytes[i] = (uint8_t)((addr->bytes[i] & host) |
					  (min->bytes[i] & ~host));
	}
	range->max_addr = *min;
	range->flags &= ~(uint32_t)CT_NAT_NETMAP;
}

/*
 * Spread over the range, word by word: while the words so far are those of the
 * last address the next one has an upper bound, behind that it is free.
 */
static void spread(const struct ct_nat_range *range, uint16_t zone,
		   const struct ct_tuple *t, union ct_addr *addr)
{
	bool persistent = range->flags & CT_NAT_PERSISTENT;
	unsigned n = words_of(t);
	uint32_t dice = lookup3(
		t->src.v6, persistent ? 0 : native(t->dst.v6[n - 1]) ^ zone);
	bool bounded = true;

	for (unsigned i = 0; i < n; i++) {
		uint32_t low = bounded ? ntohl(range->min_addr.v6[i]) : 0;
		uint32_t span = bounded ? ntohl(range->max_addr.v6[i]) - low + 1
					: UINT32_MAX;

		addr->v6[i] =
			htonl(low + (uint32_t)(((uint64_t)dice * span) >> 32));
		bounded = bounded && addr->v6[i] == range->max_addr.v6[i];
		if (!persistent)
			dice ^= native(t->dst.v6[i]);
	}
}

void ct_range_choose(const struct ct_nat_range *range, uint16_t zone,
		     struct ct_tuple *t, enum ct_nat_end end)
{
	union ct_addr *addr = ct_range_addr(t, end);
	union ct_addr chosen = { .bytes = { 0 } };

	if (!(range->flags & CT_NAT_ADDR))
		return;
	if (one_address(range))
		chosen = range->min_addr;
	else
		spread(range, zone, t, &chosen);
	*addr = chosen;
}

static bool has_address(const struct ct_nat_range *range,
			const union ct_addr *addr)
{
	if (!(range->flags & CT_NAT_ADDR))
		return true;
	return memcmp(addr, &range->min_addr, sizeof(*addr)) >= 0 &&
	       memcmp(addr, &range->max_addr, sizeof(*addr)) <= 0;
}

/* --- Ids ---------------------------------------------------------------- */

bool ct_range_has_id(const struct ct_nat_range *range,
		     const struct ct_l4_ops *ops, const struct ct_tuple *t,
		     enum ct_nat_end end)
{
	struct ct_tuple copy = *t;
	const ct_be16 *id = ct_range_told_id(ops, &copy, end);

	if (!id || !(range->flags & CT_NAT_IDS))
		return true;
	return ntohs(*id) >= range->min_id && ntohs(*id) <= range->max_id;
}

bool ct_range_has_source(const struct ct_nat_range *range,
			 const struct ct_l4_ops *ops, const struct ct_tuple *t)
{
	return has_address(range, &t->src) &&
	       ct_range_has_id(range, ops, t, CT_NAT_SRC);
}

const struct ct_nat_ids *ct_range_excludes(const struct ct_nat_range *range,
					   uint32_t id)
{
	for (uint32_t i = 0; i < range->n_excluded; i++)
		if (id >= range->excluded[i].first &&
		    id <= range->excluded[i].last)
			return &range->excluded[i];
	return NULL;
}

static bool exclusions_good(const struct ct_nat_range *range)
{
	if (range->n_excluded && !range->excluded)
		return false;
	for (uint32_t i = 0; i < range->n_excluded; i++)
		if (range->excluded[i].first > range->excluded[i].last)
			return false;
	return true;
}

bool ct_range_good(const struct ct_nat_range *range)
{
	const uint32_t known = CT_NAT_ADDR | CT_NAT_IDS | CT_NAT_RANDOM |
			       CT_NAT_RANDOM_FULLY | CT_NAT_PERSISTENT |
			       CT_NAT_NETMAP | CT_NAT_OFFSET | CT_NAT_NPT;
	const uint32_t with_npt = CT_NAT_NPT | CT_NAT_ADDR;

	if ((range->flags & ~known) || !exclusions_good(range))
		return false;
	if ((range->flags & CT_NAT_NPT) && range->flags != with_npt)
		return false;
	if ((range->flags & CT_NAT_NETMAP) && !(range->flags & CT_NAT_ADDR))
		return false;
	if ((range->flags & CT_NAT_OFFSET) && !(range->flags & CT_NAT_IDS))
		return false;
	if ((range->flags & CT_NAT_IDS) && range->min_id > range->max_id)
		return false;
	return !(range->flags & CT_NAT_ADDR) ||
	       memcmp(&range->min_addr, &range->max_addr,
		      sizeof(range->min_addr)) <= 0;
}
