/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * npt.c - NPTv6 (RFC 6296); see npt.h
 *
 * One prefix takes the place of another, and one 16-bit word behind it gets the
 * difference of their sums, in one's complement arithmetic: the address's sum
 * stays what it was, and with it every checksum over it.
 *
 *	prefix up to 48 bits	[ prefix       ][ word ][ interface          ]
 *	prefix up to 64 bits	[ prefix              ][ word ][ ...         ]
 *
 * Zero has two forms, of which 0xffff is not used: a word that becomes it is
 * written as 0, and one that is it has no other.  Back is the same with the
 * prefixes changed, and gives the address that was there.
 */
#include "nat/npt.h"

#include "wire/csum.h"

enum {
	PREFIX_LEN = 8, /* bytes that count: 64 bits, zeros behind the prefix */
	SHORT_BITS = 48,
	LONGEST_BITS = 64,
	WORD_AT_SHORT = 6,
	NO_WORD = 16
};

/* => Bits that the first and the last address have in common, if that is what
 *    a prefix looks like; or 129. */
static unsigned prefix_bits(const struct ct_nat_range *range)
{
	unsigned bits = 128;
	bool host = true;

	for (unsigned i = 16; i-- > 0;) {
		uint8_t differ =
			range->min_addr.bytes[i] ^ range->max_addr.bytes[i];

		for (unsigned b = 0; b < 8; b++, differ >>= 1) {
			if (!(differ & 1))
				host = false;
			else if (!host)
				return 129;
			bits -= host;
		}
	}
	return bits;
}

bool ct_npt_good(const struct ct_nat_range *range)
{
	return prefix_bits(range) <= LONGEST_BITS;
}

/* The first 64 bits of an address, of which only the prefix is not zero. */
static void take_prefix(uint8_t to[PREFIX_LEN], const union ct_addr *addr,
			unsigned bits)
{
	for (unsigned i = 0; i < PREFIX_LEN; i++, bits -= bits < 8 ? bits : 8) {
		uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);

		to[i] = addr->bytes[i] & mask;
	}
}

/*
 * Where the word is that gets the difference (RFC 6296 3.4, 3.5).
 *
 * => NO_WORD when the address must be dropped: subnet 0xffff, and an interface
 *    of nothing but ones, or of zeros (3.7).
 */
static unsigned word_at(const union ct_addr *addr, unsigned bits)
{
	static const uint8_t zeros[8];

	if (bits <= SHORT_BITS)
		return ct_csum_load(addr->bytes + WORD_AT_SHORT) == 0xffff
			       ? NO_WORD
			       : WORD_AT_SHORT;
	if (memcmp(addr->bytes + PREFIX_LEN, zeros, sizeof(zeros)) == 0)
		return NO_WORD;
	for (unsigned at = PREFIX_LEN; at < NO_WORD; at += 2)
		if (ct_csum_load(addr->bytes + at) != 0xffff)
			return at;
	return NO_WORD;
}

bool ct_npt_map(struct ct_nat_range *range, const union ct_addr *addr)
{
	unsigned bits = prefix_bits(range);
	unsigned at = word_at(addr, bits);
	uint8_t old[PREFIX_LEN], new[PREFIX_LEN];
	union ct_addr to = *addr;
	uint32_t word;

	if (at == NO_WORD)
		return false;
	take_prefix(old, addr, bits);
	take_prefix(new, &range->min_addr, bits);
	for (unsigned i = 0; i < PREFIX_LEN; i++)
		to.bytes[i] = (uint8_t)((to.bytes[i] ^ old[i]) | new[i]);
	/* What the sum loses by the prefix, the word gets. */
	word = ct_csum_folded((uint64_t)ct_csum_load(addr->bytes + at) +
			      ct_csum_diff(0, new, old, PREFIX_LEN));
	ct_csum_store(to.bytes + at, word == 0xffff ? 0 : (uint16_t)word);
	range->min_addr = to;
	range->max_addr = to;
	return true;
}
