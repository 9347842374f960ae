/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT rules; see nat.h.
 */
#include <arpa/inet.h>
#include <conntrack/nat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nat.h"
#include "record.h"

enum { TEXT_MAX = 64 };

static int family_of(const struct passage *passage)
{
	return passage->subject.view.version == 4 ? AF_INET : AF_INET6;
}

static bool rule_is_for(const json_t *rule, int family)
{
	const char *name = json_string_value(json_object_get(rule, "family"));

	return (name && !strcmp(name, "ipv6")) == (family == AF_INET6);
}

/* Whether there are rules of the packet's family: chains that see it. */
static bool has_chains(const struct player *player,
		       const struct passage *passage)
{
	const json_t *rules = json_object_get(player->golden->scenario, "nat");
	size_t i;
	json_t *rule;

	json_array_foreach(
		rules, i,
		rule) if (rule_is_for(rule, family_of(passage))) return true;
	return false;
}

/* --- Ranges ------------------------------------------------------------- */

/* An address of so many characters. */
static bool read_addr(int family, const char *text, size_t len,
		      union ct_addr *addr)
{
	char copy[TEXT_MAX];

	memset(addr, 0, sizeof(*addr));
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return inet_pton(family, copy, addr) == 1;
}

/* "A" or "A-B". */
static bool read_addrs(int family, const char *text, struct ct_nat_range *range)
{
	size_t len = strcspn(text, "-");

	range->flags |= CT_NAT_ADDR;
	if (!read_addr(family, text, len, &range->min_addr))
		return false;
	range->max_addr = range->min_addr;
	text += len;
	return !*text ||
	       read_addr(family, text + 1, strlen(text + 1), &range->max_addr);
}

/* "A/N": from its first to its last address. */
static bool read_prefix(int family, const char *text,
			struct ct_nat_range *range)
{
	size_t len = strcspn(text, "/");
	unsigned bits = family == AF_INET ? 32 : 128;
	unsigned from = text[len] ? (unsigned)atoi(text + len + 1) : bits;

	range->flags |= CT_NAT_ADDR | CT_NAT_NETMAP;
	if (!read_addr(family, text, len, &range->min_addr))
		return false;
	range->max_addr = range->min_addr;
	for (unsigned i = from; i < bits; i++)
		range->max_addr.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return true;
}

/* 80, or "2500-2503". */
static void read_ports(const json_t *port, struct ct_nat_range *range)
{
	const char *text = json_string_value(port);
	const char *dash = text ? strchr(text, '-') : NULL;

	if (!port)
		return;
	range->flags |= CT_NAT_IDS;
	range->min_id = text ? (uint16_t)atoi(text)
			     : (uint16_t)json_integer_value(port);
	range->max_id = dash ? (uint16_t)atoi(dash + 1) : range->min_id;
}

static void read_flags(const json_t *flags, struct ct_nat_range *range)
{
	size_t i;
	json_t *flag;

	json_array_foreach(flags, i, flag)
	{
		const char *name = json_string_value(flag);

		if (!strcmp(name, "random"))
			range->flags |= CT_NAT_RANDOM;
		else if (!strcmp(name, "fully-random"))
			range->flags |= CT_NAT_RANDOM_FULLY;
		else if (!strcmp(name, "persistent"))
			range->flags |= CT_NAT_PERSISTENT;
	}
}

/* The router's address on a side. */
static bool own_addr(const struct player *player, enum side side, int family,
		     union ct_addr *addr)
{
	const json_t *devices =
		json_object_get(player->golden->scenario, "addr");
	size_t i;
	json_t *text;

	json_array_foreach(
		json_object_get(devices, side == SIDE_LAN ? "lan0" : "wan0"), i,
		text)
	{
		const char *own = json_string_value(text);

		if (read_addr(family, own, strcspn(own, "/"), addr))
			return true;
	}
	return false;
}

static bool read_target(const struct player *player,
			const struct passage *passage, const json_t *rule,
			struct ct_nat_range *range)
{
	const char *action = json_string_value(json_object_get(rule, "action"));
	const char *to = json_string_value(json_object_get(rule, "to"));
	enum side side = passage->subject.side;
	int family = family_of(passage);

	if (!strcmp(action, "netmap"))
		return read_prefix(family, to, range);
	if (to)
		return read_addrs(family, to, range);
	if (!strcmp(action, "masquerade"))
		side = side_opposite(side);
	range->flags |= CT_NAT_ADDR;
	if (!own_addr(player, side, family, &range->min_addr))
		return false;
	range->max_addr = range->min_addr;
	return true;
}

/* A prefix is mapped only from where the rule says. */
static bool maps(const json_t *rule, enum ct_nat_end end,
		 const struct subject *subject)
{
	json_t *from = json_object_get(rule, "from");
	json_t *match;
	bool found;

	if (!from)
		return true;
	match = json_pack("{s:O}", end == CT_NAT_SRC ? "src" : "dst", from);
	found = match_rule(match, subject);
	json_decref(match);
	return found;
}

/* The first rule of the end's chain that matches, or NULL. */
static const json_t *find_rule(const struct player *player,
			       const struct passage *passage,
			       enum ct_nat_end end)
{
	const json_t *rules = json_object_get(player->golden->scenario, "nat");
	const char *chain = end == CT_NAT_SRC ? "out" : "in";
	size_t i;
	json_t *rule;

	if (end == CT_NAT_SRC && passage->route == ROUTE_LOCAL)
		return NULL;
	json_array_foreach(rules, i, rule)
	{
		if (json_object_get(rule, chain) &&
		    match_family_rule(rule, &passage->subject) &&
		    maps(rule, end, &passage->subject))
			return rule;
	}
	return NULL;
}

/* --- Steps -------------------------------------------------------------- */

void nat_choose(struct player *player, struct passage *passage,
		enum ct_nat_end end)
{
	struct ct_nat_range range = { .size = sizeof(range) };
	/* What was expected may have its mapping already. */
	const uint32_t chosen =
		(end == CT_NAT_SRC ? CT_S_SRC_NAT_DONE : CT_S_DST_NAT_DONE) |
		CT_S_CONFIRMED | CT_S_DYING;
	struct ct_pkt *pkt = &passage->pkt;
	const json_t *rule;
	int error;

	if (!pkt->conn || !has_chains(player, passage) ||
	    (ct_conn_status(pkt->conn) & chosen))
		return;
	rule = find_rule(player, passage, end);
	if (rule && read_target(player, passage, rule, &range)) {
		read_ports(json_object_get(rule, "port"), &range);
		read_flags(json_object_get(rule, "flags"), &range);
	} else {
		rule = NULL;
	}
	error = ct_nat_setup(player->thr, pkt, end, rule ? &range : NULL);
	if (error && error != CT_E_FULL)
		fprintf(stderr, "ct-oracle: NAT: %s\n", ct_strerror(error));
	play_last_status(passage, pkt->conn);
}

bool nat_translate(struct player *player, struct passage *passage,
		   enum ct_nat_end end, json_t *record)
{
	enum ct_hook hook = CT_HOOK_PREROUTING;

	if (end == CT_NAT_SRC)
		hook = passage->route == ROUTE_LOCAL ? CT_HOOK_INPUT
						     : CT_HOOK_POSTROUTING;
	if (ct_nat_apply(player->thr, &passage->pkt, hook) == CT_ACCEPT)
		return true;
	record_drop(record, end == CT_NAT_SRC ? "egress" : "routing");
	return false;
}

bool nat_step(struct player *player, struct passage *passage,
	      enum ct_nat_end end, json_t *record)
{
	nat_choose(player, passage, end);
	return nat_translate(player, passage, end, record);
}

/* --- Names of ports ----------------------------------------------------- */

static void learn_port(struct player *player, json_int_t port)
{
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)port);
	if (!json_object_get(player->ports, key))
		json_object_set_new(
			player->ports, key,
			json_sprintf("$port%zu",
				     json_object_size(player->ports)));
}

static void learn_ports(struct player *player, const json_t *table)
{
	static const char *const ids[][2] = { { "sport", "dport" },
					      { "icmp_id", "icmp_id" } };
	size_t i;
	json_t *entry;

	json_array_foreach(table, i, entry)
	{
		const json_t *orig = json_object_get(entry, "orig");
		const json_t *reply = json_object_get(entry, "reply");

		for (size_t n = 0; n < sizeof(ids) / sizeof(*ids); n++) {
			const json_t *ours = json_object_get(orig, ids[n][0]);
			const json_t *theirs =
				json_object_get(reply, ids[n][1]);

			if (json_is_integer(ours) && json_is_integer(theirs) &&
			    !json_equal(ours, theirs))
				learn_port(player, json_integer_value(theirs));
		}
	}
}

static bool is_id(const char *key)
{
	return !strcmp(key, "sport") || !strcmp(key, "dport") ||
	       !strcmp(key, "icmp_id");
}

/* The value with names in it; a new reference. */
static json_t *with_names(const struct player *player, json_t *value)
{
	json_t *named;
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_array(value)) {
		named = json_array();
		json_array_foreach(value, i, item)
			json_array_append_new(named, with_names(player, item));
		return named;
	}
	if (!json_is_object(value))
		return json_incref(value);
	named = json_object();
	json_object_foreach(value, key, item)
	{
		char number[24];
		json_t *name = NULL;

		snprintf(number, sizeof(number), "%lld",
			 (long long)json_integer_value(item));
		if (json_is_integer(item) && is_id(key))
			name = json_object_get(player->ports, number);
		json_object_set_new(named, key,
				    name ? json_incref(name)
					 : with_names(player, item));
	}
	return named;
}

void nat_learn_ports(struct player *player, const json_t *record)
{
	if (!json_is_true(
		    json_object_get(player->golden->scenario, "random_nat")))
		return;
	learn_ports(player, json_object_get(record, "table"));
	learn_ports(player, json_object_get(record, "table_changed"));
}

void nat_name_ports(const struct player *player, json_t *record)
{
	json_t *named;

	if (!json_object_size(player->ports))
		return;
	named = with_names(player, record);
	json_object_update(record, named);
	json_decref(named);
}
