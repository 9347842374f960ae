/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetBIOS-NS and SNMP: answers to what this host broadcasts.
 *
 * Whoever hears a broadcast may answer from an address of his own.  A library
 * has no routing table, so the host says of a packet that it is its own
 * broadcast: CT_PKT_BROADCAST.  Answers are expected from the sender's own
 * network, whose prefix length is a parameter, for a few seconds, as many as
 * come.  Nothing in the payload is looked at, and nothing is rewritten.
 */
#include "helper/helpers.h"

#include <arpa/inet.h>
#include <conntrack/helper.h>
#include <netinet/in.h>

/* Indices of a helper's parameters. */
enum { P_TIMEOUT, P_PREFIX, N_PARAMS };

static ct_be32 mask_of(uint32_t prefix)
{
	return htonl(prefix ? ~(uint32_t)0 << (32 - prefix) : 0);
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 const struct ct_helper_ops *ops, uint16_t port)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_tuple query;

	if (!(pkt->flags & CT_PKT_BROADCAST) || pkt->dir != CT_DIR_ORIG)
		return CT_HELP_OK;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &query);
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &def.tuple);
	def.src_mask.v4 = mask_of(ct_helper_param(thr, ops, P_PREFIX));
	def.tuple.src.v4 = query.src.v4 & def.src_mask.v4;
	def.tuple.src_id = htons(port);
	def.src_id_mask = 0xffff;
	def.flags = CT_EXPECT_PERMANENT;
	def.timeout_s = ct_helper_param(thr, ops, P_TIMEOUT);
	/* One that may not be expected is sent all the same, as Linux does. */
	(void)ct_expect_add(thr, pkt->conn, &def, NULL);
	ct_help_refresh(thr, pkt->conn, def.timeout_s);
	return CT_HELP_OK;
}

static enum ct_help help_netbios_ns(struct ct_thread *thr, struct ct_pkt *pkt,
				    struct ct_speech *speech)
{
	(void)speech;
	return help(thr, pkt, &ct_netbios_ns_helper, 137);
}

static enum ct_help help_snmp(struct ct_thread *thr, struct ct_pkt *pkt,
			      struct ct_speech *speech)
{
	(void)speech;
	return help(thr, pkt, &ct_snmp_helper, 161);
}

#define TIMEOUT(helper, seconds)                                              \
	{                                                                     \
		.name = helper ".timeout",                                    \
		.doc = "how long answers to a broadcast are expected, in "    \
		       "seconds (timeout of Linux' module)",                  \
		.linux_value = (seconds), .recommended = (seconds), .min = 1, \
		.max = 3600                                                   \
	}
#define PREFIX(helper)                                                      \
	{                                                                   \
		.name = helper ".prefix",                                   \
		.doc = "the leading bits that who answers a broadcast has " \
		       "in common with who sent it",                        \
		.linux_value = 24, .recommended = 24, .min = 8, .max = 32   \
	}

static const struct ct_expect_class netbios_ns_classes[] = {
	{ .name = "answers", .max = 1, .timeout_s = 3 },
};

static const struct ct_param_def netbios_ns_params[N_PARAMS] = {
	[P_TIMEOUT] = TIMEOUT("netbios-ns", 3),
	[P_PREFIX] = PREFIX("netbios-ns"),
};

const struct ct_helper_ops ct_netbios_ns_helper = {
	.size = sizeof(ct_netbios_ns_helper),
	.name = "netbios-ns",
	.l3 = CT_L3_IPV4,
	.l4 = IPPROTO_UDP,
	.classes = netbios_ns_classes,
	.n_classes = 1,
	.params = netbios_ns_params,
	.n_params = N_PARAMS,
	.help = help_netbios_ns,
};

static const struct ct_expect_class snmp_classes[] = {
	{ .name = "answers", .max = 1, .timeout_s = 30 },
};

static const struct ct_param_def snmp_params[N_PARAMS] = {
	[P_TIMEOUT] = TIMEOUT("snmp", 30),
	[P_PREFIX] = PREFIX("snmp"),
};

const struct ct_helper_ops ct_snmp_helper = {
	.size = sizeof(ct_snmp_helper),
	.name = "snmp",
	.l3 = CT_L3_IPV4,
	.l4 = IPPROTO_UDP,
	.classes = snmp_classes,
	.n_classes = 1,
	.params = snmp_params,
	.n_params = N_PARAMS,
	.help = help_snmp,
};
