/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The raw nft text of a scenario, as far as goldens use it: chains at the
 * forward hook with a policy, and rules of the form
 *
 *	[iifname "lan0"] [oifname "wan0"] [ct state a,b] [tcp|udp dport N]
 *	[tcp|udp sport N] accept | drop | reject [with tcp reset]
 */
#ifndef ORACLE_NFT_H
#define ORACLE_NFT_H

#include "match.h"

enum nft_verdict { NFT_ACCEPT, NFT_DROP, NFT_REJECT, NFT_RESET };

struct nft_rule {
	unsigned states; /* set of 1 << enum ct_state; 0: any */
	int in;          /* enum side, or -1 */
	int out;
	int proto; /* or -1 */
	int sport; /* or -1 */
	int dport;
	enum nft_verdict verdict;
};

enum { NFT_RULES_MAX = 64, NFT_NAME_MAX = 32 };

/* All rules of one chain; more chains than one no golden has. */
struct nft {
	char where[2 * NFT_NAME_MAX + 8]; /* "nft TABLE CHAIN" */
	enum nft_verdict policy;
	struct nft_rule rules[NFT_RULES_MAX];
	size_t n_rules;
};

/* Read the scenario's rule set; false with a line on stderr. */
bool nft_parse(struct nft *nft, const json_t *scenario);

/* What becomes of a packet at the forward hook. */
enum nft_verdict nft_judge(const struct nft *nft,
			   const struct subject *subject);

#endif /* ORACLE_NFT_H */
