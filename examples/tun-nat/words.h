/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.h - the words of a policy file: numbers, addresses, ports
 *
 * Each function takes one word and answers whether it is what its name says;
 * only then is something written.
 */
#ifndef TUN_NAT_WORDS_H
#define TUN_NAT_WORDS_H

#include <conntrack/types.h>

/* An address with its family. */
struct address {
	union ct_addr addr;
	uint8_t l3; /* CT_L3_* */
};

/* An address and how many of its bits the network has. */
struct prefix {
	struct address at;
	uint8_t bits;
};

struct ports {
	uint16_t first;
	uint16_t last;
};

/* 192.0.2.1:80-89 */
struct endpoint {
	struct address at;
	struct ports ports; /* 0 to 0: none given */
};

bool word_number(const char *word, uint64_t max, uint64_t *number);
bool word_address(const char *word, struct address *address);
bool word_addresses(const char *word, struct address *first,
		    struct address *last);
bool word_prefix(const char *word, struct prefix *prefix);
bool word_ports(const char *word, struct ports *ports);
bool word_endpoint(const char *word, struct endpoint *endpoint);

/* => Whether the address is one of the prefix's. */
bool prefix_holds(const struct prefix *prefix, uint8_t l3,
		  const union ct_addr *addr);

/* => Whether nothing is set behind the prefix's bits. */
bool prefix_is_network(const struct prefix *prefix);

#endif /* TUN_NAT_WORDS_H */
