/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small piece of nft; see nft.h.  Words are separated by blanks; a brace, a
 * semicolon and the end of a line are words of their own.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft.h"

/* The word that a reader is at. */
struct words {
	const char *at;
	size_t len; /* 0: at the end */
};

static void next(struct words *words)
{
	const char *p = words->at + words->len;

	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	words->at = p;
	if (*p && strchr("{};\n", *p))
		words->len = 1;
	else
		words->len = strcspn(p, " \t\r\n{};");
}

static bool is(const struct words *words, const char *word)
{
	return strlen(word) == words->len &&
	       !memcmp(words->at, word, words->len);
}

/* Take the word if it is this one. */
static bool take(struct words *words, const char *word)
{
	if (!is(words, word))
		return false;
	next(words);
	return true;
}

static bool ends_line(const struct words *words)
{
	return is(words, ";") || is(words, "\n");
}

static void skip_ends(struct words *words)
{
	while (ends_line(words))
		next(words);
}

static int take_number(struct words *words)
{
	int number = atoi(words->at);

	next(words);
	return number;
}

static void take_name(struct words *words, char *name)
{
	size_t len = words->len < NFT_NAME_MAX ? words->len : NFT_NAME_MAX - 1;

	memcpy(name, words->at, len);
	name[len] = '\0';
	next(words);
}

/* "lan0", quoted or not. */
static int take_device(struct words *words)
{
	int side =
		memmem(words->at, words->len, "wan", 3) ? SIDE_WAN : SIDE_LAN;

	next(words);
	return side;
}

/* "established,related" */
static unsigned take_states(struct words *words)
{
	const char *at = words->at;
	const char *end = at + words->len;
	unsigned states = 0;
	unsigned state;

	while (at < end) {
		size_t len = strcspn(at, ", \t\r\n{};");

		for (state = 0; state < CT_STATE_MAX; state++)
			if (match_state((enum ct_state)state, at, len))
				states |= 1u << state;
		at += len + 1;
	}
	next(words);
	return states;
}

/* "tcp dport 81" */
static bool take_port(struct words *words, struct nft_rule *rule)
{
	rule->proto = is(words, "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
	next(words);
	if (take(words, "dport"))
		rule->dport = take_number(words);
	else if (take(words, "sport"))
		rule->sport = take_number(words);
	else
		return false;
	return true;
}

static bool take_match(struct words *words, struct nft_rule *rule)
{
	if (take(words, "iifname"))
		rule->in = take_device(words);
	else if (take(words, "oifname"))
		rule->out = take_device(words);
	else if (take(words, "ct") && take(words, "state"))
		rule->states = take_states(words);
	else if (is(words, "tcp") || is(words, "udp"))
		return take_port(words, rule);
	else
		return false;
	return true;
}

static bool take_verdict(struct words *words, enum nft_verdict *verdict)
{
	if (take(words, "accept")) {
		*verdict = NFT_ACCEPT;
	} else if (take(words, "drop")) {
		*verdict = NFT_DROP;
	} else if (take(words, "reject")) {
		*verdict = NFT_REJECT;
		if (!take(words, "with"))
			return true;
		*verdict = NFT_RESET;
		return take(words, "tcp") && take(words, "reset");
	} else {
		return false;
	}
	return true;
}

static bool take_rule(struct words *words, struct nft *nft)
{
	struct nft_rule rule = {
		.in = -1, .out = -1, .proto = -1, .sport = -1, .dport = -1
	};

	while (!take_verdict(words, &rule.verdict))
		if (!take_match(words, &rule))
			return false;
	if (nft->n_rules == NFT_RULES_MAX)
		return false;
	nft->rules[nft->n_rules++] = rule;
	return ends_line(words) || is(words, "}");
}

/* "type filter hook forward priority 0; policy drop;" */
static bool take_chain_head(struct words *words, struct nft *nft)
{
	if (!take(words, "type") || !take(words, "filter") ||
	    !take(words, "hook") || !take(words, "forward") ||
	    !take(words, "priority"))
		return false;
	next(words);
	skip_ends(words);
	return !take(words, "policy") || take_verdict(words, &nft->policy);
}

static bool take_chain(struct words *words, struct nft *nft)
{
	if (!take(words, "{"))
		return false;
	skip_ends(words);
	if (!take_chain_head(words, nft))
		return false;
	for (skip_ends(words); !take(words, "}"); skip_ends(words))
		if (!take_rule(words, nft))
			return false;
	return true;
}

/* "table inet t { chain c { ... } }" */
static bool take_table(struct words *words, struct nft *nft)
{
	char table[NFT_NAME_MAX];
	char chain[NFT_NAME_MAX];

	skip_ends(words);
	if (!take(words, "table"))
		return false;
	next(words);
	take_name(words, table);
	if (!take(words, "{"))
		return false;
	skip_ends(words);
	if (!take(words, "chain"))
		return false;
	take_name(words, chain);
	snprintf(nft->where, sizeof(nft->where), "nft %s %s", table, chain);
	if (!take_chain(words, nft))
		return false;
	skip_ends(words);
	if (!take(words, "}"))
		return false;
	skip_ends(words);
	return !words->len;
}

bool nft_parse(struct nft *nft, const json_t *scenario)
{
	const json_t *rules = json_object_get(scenario, "nft");
	struct words words = { .at = "" };

	*nft = (struct nft){ .policy = NFT_ACCEPT };
	if (!rules)
		return true;
	if (json_is_string(rules))
		words.at = json_string_value(rules);
	next(&words);
	if (take_table(&words, nft))
		return true;
	fprintf(stderr, "ct-oracle: cannot play this nft rule set, at: %.40s\n",
		words.at);
	return false;
}

static bool matches(const struct nft_rule *rule, const struct subject *subject)
{
	const struct ip_view *view = &subject->view;

	if (rule->states && !(rule->states & 1u << subject->state))
		return false;
	if (rule->in >= 0 && rule->in != (int)subject->side)
		return false;
	if (rule->out >= 0 && rule->out != (int)side_opposite(subject->side))
		return false;
	if (rule->proto >= 0 &&
	    (rule->proto != view->proto || view->frag_offset))
		return false;
	if (rule->sport >= 0 && rule->sport != view_u16(view, 0))
		return false;
	return rule->dport < 0 || rule->dport == view_u16(view, 2);
}

enum nft_verdict nft_judge(const struct nft *nft, const struct subject *subject)
{
	size_t i;

	for (i = 0; i < nft->n_rules; i++)
		if (matches(&nft->rules[i], subject))
			return nft->rules[i].verdict;
	return nft->policy;
}
