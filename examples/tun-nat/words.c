/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.c - see words.h
 */
#include "words.h"

#include "ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An IPv6 address in brackets, a colon, two ports; no word is longer. */
enum { PIECE = INET6_ADDRSTRLEN + 16 };

bool word_number(const char *word, uint64_t max, uint64_t *number)
{
	unsigned long long value;
	char *end;

	if (word[0] < '0' || word[0] > '9')
		return false;
	errno = 0;
	value = strtoull(word, &end, 10);
	if (errno || *end || value > max)
		return false;
	*number = value;
	return true;
}

bool word_address(const char *word, struct address *address)
{
	struct address found = { .l3 = CT_L3_IPV4 };

	if (inet_pton(AF_INET, word, &found.addr) != 1) {
		if (inet_pton(AF_INET6, word, &found.addr) != 1)
			return false;
		found.l3 = CT_L3_IPV6;
	}
	*address = found;
	return true;
}

/* Split a word at a separator: the part before goes to piece, the part behind
 * is the answer; NULL when there is none, or no room. */
static const char *split(const char *word, char separator, char piece[PIECE])
{
	const char *at = strrchr(word, separator);

	if (!at || at - word >= PIECE)
		return NULL;
	memcpy(piece, word, (size_t)(at - word));
	piece[at - word] = '\0';
	return at + 1;
}

bool word_addresses(const char *word, struct address *first,
		    struct address *last)
{
	char piece[PIECE];
	const char *rest = split(word, '-', piece);

	if (!rest) {
		if (!word_address(word, first))
			return false;
		*last = *first;
		return true;
	}
	return word_address(piece, first) && word_address(rest, last) &&
	       first->l3 == last->l3 &&
	       memcmp(&first->addr, &last->addr, sizeof(first->addr)) <= 0;
}

bool word_prefix(const char *word, struct prefix *prefix)
{
	char piece[PIECE];
	const char *rest = split(word, '/', piece);
	struct prefix found;
	uint64_t bits;

	if (!rest || !word_address(piece, &found.at) ||
	    !word_number(rest, 8 * ip_addr_len(found.at.l3), &bits))
		return false;
	found.bits = (uint8_t)bits;
	*prefix = found;
	return true;
}

static bool port(const char *word, uint16_t *number)
{
	uint64_t value;

	if (!word_number(word, UINT16_MAX, &value) || !value)
		return false;
	*number = (uint16_t)value;
	return true;
}

bool word_ports(const char *word, struct ports *ports)
{
	char piece[PIECE];
	const char *rest = split(word, '-', piece);

	if (!rest) {
		if (!port(word, &ports->first))
			return false;
		ports->last = ports->first;
		return true;
	}
	return port(piece, &ports->first) && port(rest, &ports->last) &&
	       ports->first <= ports->last;
}

/* [2001:db8::1]:80, or without a port [2001:db8::1] */
static bool bracketed(const char *word, struct endpoint *found)
{
	char piece[PIECE];
	const char *rest = split(word, ']', piece);

	if (!rest || !word_address(piece + 1, &found->at) ||
	    found->at.l3 != CT_L3_IPV6)
		return false;
	return !*rest || (*rest == ':' && word_ports(rest + 1, &found->ports));
}

bool word_endpoint(const char *word, struct endpoint *endpoint)
{
	struct endpoint found = { .ports = { 0, 0 } };
	char piece[PIECE];
	const char *rest;

	if (word[0] == '[') {
		if (!bracketed(word, &found))
			return false;
	} else if (!word_address(word, &found.at)) {
		rest = split(word, ':', piece);
		if (!rest || !word_address(piece, &found.at) ||
		    found.at.l3 != CT_L3_IPV4 ||
		    !word_ports(rest, &found.ports))
			return false;
	}
	*endpoint = found;
	return true;
}

/* => The byte's bits that belong to a network of so many bits. */
static uint8_t mask(unsigned bits, unsigned byte)
{
	if (bits >= 8 * (byte + 1))
		return 0xff;
	return bits <= 8 * byte ? 0 : (uint8_t)(0xff00 >> (bits - 8 * byte));
}

bool prefix_holds(const struct prefix *prefix, uint8_t l3,
		  const union ct_addr *addr)
{
	const uint8_t *net = prefix->at.addr.bytes;

	if (l3 != prefix->at.l3)
		return false;
	for (unsigned i = 0; i < ip_addr_len(l3); i++)
		if ((net[i] ^ addr->bytes[i]) & mask(prefix->bits, i))
			return false;
	return true;
}

bool prefix_is_network(const struct prefix *prefix)
{
	for (unsigned i = 0; i < ip_addr_len(prefix->at.l3); i++)
		if (prefix->at.addr.bytes[i] & ~mask(prefix->bits, i))
			return false;
	return true;
}
