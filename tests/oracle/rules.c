/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Declarative rules; see rules.h.
 *
 * A policy of the library is what several nft statements put on a packet
 * together, so one is made for every combination that occurs.
 */
#include <conntrack/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

enum { TIMEOUTS_MAX = 16, NAME_MAX_LEN = 64 };

/* Which rules meet in a policy. */
struct meeting {
	bool notrack;
	const json_t *zone;    /* a rule, or NULL */
	const json_t *timeout; /* a rule, or NULL */
	const char *helper;    /* a name, or NULL */
};

struct made_policy {
	struct meeting meeting;
	const struct ct_policy *policy;
};

/* A state's name in nft, and the end of its sysctl's name. */
struct state_name {
	const char *proto;
	const char *nft;
	const char *sysctl;
};

static const struct state_name state_names[] = {
	{ "tcp", "retrans", "tcp_timeout_max_retrans" },
	{ "tcp", "unack", "tcp_timeout_unacknowledged" },
	{ "udp", "unreplied", "udp_timeout" },
	{ "udp", "replied", "udp_timeout_stream" },
	{ "icmp", "timeout", "icmp_timeout" },
	{ "icmpv6", "timeout", "icmpv6_timeout" },
	{ "generic", "timeout", "generic_timeout" },
};

/* What a helper is for; the names are Linux'. */
struct helper_rule {
	const char *name;
	int proto;
	int port; /* unless the scenario has another */
	bool ipv4_only;
};

static const struct helper_rule helpers[] = {
	{ "ftp", IPPROTO_TCP, 21, false },
	{ "sip", IPPROTO_UDP, 5060, false },
	{ "tftp", IPPROTO_UDP, 69, false },
	{ "irc", IPPROTO_TCP, 6667, true },
	{ "pptp", IPPROTO_TCP, 1723, true },
	{ "Q.931", IPPROTO_TCP, 1720, false },
	{ "RAS", IPPROTO_UDP, 1719, false },
	{ "amanda", IPPROTO_UDP, 10080, false },
	{ "sane", IPPROTO_TCP, 6566, false },
	{ "snmp", IPPROTO_UDP, 161, true },
	{ "netbios-ns", IPPROTO_UDP, 137, true },
};

void rules_init(struct rules *rules, const json_t *scenario,
		struct ct_table *tbl)
{
	*rules = (struct rules){ .scenario = scenario, .tbl = tbl };
}

void rules_fini(struct rules *rules)
{
	free(rules->made);
}

static const json_t *section(const struct rules *rules, const char *name)
{
	return json_object_get(rules->scenario, name);
}

/* The first rule of a section that matches, or NULL. */
static const json_t *first_match(const struct rules *rules, const char *name,
				 const struct subject *subject)
{
	size_t i;
	const json_t *rule;

	json_array_foreach(section(rules, name), i,
			   rule) if (match_rule(rule, subject)) return rule;
	return NULL;
}

/* The timeout rule for a packet: of its family only. */
static const json_t *timeout_rule(const struct rules *rules,
				  const struct subject *subject)
{
	size_t i;
	const json_t *rule;

	json_array_foreach(
		section(rules, "timeouts"), i,
		rule) if (match_family_rule(rule, subject)) return rule;
	return NULL;
}

/* The port of a helper that the scenario wants, or -1. */
static int helper_port(const json_t *wanted, const struct helper_rule *helper)
{
	const json_t *port = json_object_get(wanted, helper->name);
	size_t i;
	const json_t *name;

	if (port)
		return (int)json_integer_value(port);
	json_array_foreach(wanted, i,
			   name) if (!strcmp(json_string_value(name),
					     helper->name)) return helper->port;
	return -1;
}

/* The helper for a packet: only where it goes counts. */
static const char *helper_for(const struct rules *rules,
			      const struct subject *subject)
{
	const json_t *wanted = section(rules, "helpers");
	const struct ip_view *view = &subject->view;
	size_t i;

	for (i = 0; wanted && i < sizeof(helpers) / sizeof(*helpers); i++) {
		const struct helper_rule *helper = &helpers[i];
		int port = helper_port(wanted, helper);

		if (port >= 0 && view->proto == helper->proto &&
		    !view->frag_offset && view_u16(view, 2) == port &&
		    (view->version == 4 || !helper->ipv4_only))
			return helper->name;
	}
	return NULL;
}

/* --- Policies ----------------------------------------------------------- */

/* The Linux name of the parameter behind a state's timeout. */
static void sysctl_of(const char *proto, const char *state, char *name)
{
	size_t i;

	for (i = 0; i < sizeof(state_names) / sizeof(*state_names); i++) {
		if (!strcmp(state_names[i].proto, proto) &&
		    !strcmp(state_names[i].nft, state)) {
			snprintf(name, NAME_MAX_LEN, "nf_conntrack_%s",
				 state_names[i].sysctl);
			return;
		}
	}
	snprintf(name, NAME_MAX_LEN, "nf_conntrack_%s_timeout_%s", proto,
		 state);
}

/* The library's name of a parameter that Linux has under that name. */
static const char *param_of(const struct ct_table *tbl, const char *sysctl)
{
	struct ct_param_info param = { .size = sizeof(param) };
	unsigned n;

	for (n = 0; !ct_param_info(tbl, n, &param); n++)
		if (param.alias && !strcmp(param.alias, sysctl))
			return param.name;
	return NULL;
}

static size_t list_timeouts(const struct rules *rules, const json_t *rule,
			    struct ct_policy_timeout *timeouts)
{
	const char *proto = json_string_value(json_object_get(rule, "proto"));
	const char *state;
	json_t *seconds;
	size_t n = 0;

	json_object_foreach(json_object_get(rule, "policy"), state, seconds)
	{
		char sysctl[NAME_MAX_LEN];
		const char *name;

		sysctl_of(proto, state, sysctl);
		name = param_of(rules->tbl, sysctl);
		if (!name)
			fprintf(stderr, "ct-oracle: no parameter %s\n", sysctl);
		else if (n < TIMEOUTS_MAX)
			timeouts[n++] = (struct ct_policy_timeout){
				.name = name,
				.seconds =
					(uint32_t)json_integer_value(seconds),
			};
	}
	return n;
}

static uint32_t zone_flags(const json_t *rule)
{
	const char *direction =
		json_string_value(json_object_get(rule, "direction"));

	if (!direction)
		return CT_POLICY_ZONE_ORIG | CT_POLICY_ZONE_REPLY;
	return strcmp(direction, "reply") ? CT_POLICY_ZONE_ORIG
					  : CT_POLICY_ZONE_REPLY;
}

static const struct ct_policy *make_policy(const struct rules *rules,
					   const struct meeting *meeting)
{
	struct ct_policy_timeout timeouts[TIMEOUTS_MAX];
	struct ct_policy_def def = { .size = sizeof(def),
				     .timeouts = timeouts };
	const struct ct_policy *policy = NULL;
	int error;

	if (meeting->notrack)
		def.flags |= CT_POLICY_NOTRACK;
	if (meeting->zone) {
		def.flags |= zone_flags(meeting->zone);
		def.zone = (uint16_t)json_integer_value(
			json_object_get(meeting->zone, "zone"));
	}
	def.helper = meeting->helper;
	if (meeting->timeout)
		def.n_timeouts =
			list_timeouts(rules, meeting->timeout, timeouts);
	error = ct_policy_create(rules->tbl, &def, &policy);
	if (error == CT_E_NOENT && def.helper) {
		fprintf(stderr, "ct-oracle: no helper %s\n", def.helper);
		def.helper = NULL;
		error = ct_policy_create(rules->tbl, &def, &policy);
	}
	if (error)
		fprintf(stderr, "ct-oracle: policy: %s\n", ct_strerror(error));
	return policy;
}

static const struct ct_policy *find_policy(struct rules *rules,
					   const struct meeting *meeting)
{
	struct made_policy *made;
	size_t i;

	for (i = 0; i < rules->n_made; i++) {
		const struct meeting *old = &rules->made[i].meeting;

		if (old->notrack == meeting->notrack &&
		    old->zone == meeting->zone &&
		    old->timeout == meeting->timeout &&
		    old->helper == meeting->helper)
			return rules->made[i].policy;
	}
	made = realloc(rules->made, (i + 1) * sizeof(*made));
	if (!made)
		return NULL;
	rules->made = made;
	rules->n_made = i + 1;
	made[i].meeting = *meeting;
	made[i].policy = make_policy(rules, meeting);
	return made[i].policy;
}

const struct ct_policy *rules_policy(struct rules *rules,
				     const struct subject *subject)
{
	struct meeting meeting = {
		.zone = first_match(rules, "zones", subject),
		.timeout = timeout_rule(rules, subject),
		.helper = helper_for(rules, subject),
	};

	/* `ct zone set` runs last and makes an exempt packet tracked again. */
	meeting.notrack =
		!meeting.zone && first_match(rules, "notrack", subject);
	if (!meeting.notrack && !meeting.zone && !meeting.timeout &&
	    !meeting.helper)
		return NULL;
	return find_policy(rules, &meeting);
}

void rules_first_timeout(struct rules *rules, const struct subject *subject,
			 struct ct_thread *thr, struct ct_conn *conn)
{
	const json_t *rule = timeout_rule(rules, subject);
	const json_t *wanted;
	uint64_t seconds = 0;

	if (!rule || subject->view.proto != IPPROTO_TCP)
		return;
	wanted = json_object_get(json_object_get(rule, "policy"), "syn_sent");
	if (wanted)
		seconds = (uint64_t)json_integer_value(wanted);
	else
		ct_param_get(rules->tbl, "nf_conntrack_tcp_timeout_syn_sent",
			     &seconds);
	ct_conn_refresh(thr, conn, (uint32_t)seconds);
}

/* --- Marks -------------------------------------------------------------- */

void rules_mark(struct rules *rules, const struct subject *subject,
		struct ct_thread *thr, struct ct_conn *conn)
{
	size_t i;
	const json_t *rule;

	json_array_foreach(section(rules, "marks"), i, rule)
	{
		const json_t *bits = json_object_get(rule, "or");
		uint32_t old = ct_conn_mark(conn);
		uint32_t mark = (uint32_t)json_integer_value(
			bits ? bits : json_object_get(rule, "set"));

		if (!match_rule(rule, subject))
			continue;
		if (bits)
			mark |= old;
		if (mark != old)
			ct_conn_mark_set(thr, conn, mark);
	}
}
