/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of built-in trackers; see trackers.h.
 */
#include "proto/trackers.h"

#include "core/table.h"
#include "proto/dccp.h"
#include "proto/generic.h"
#include "proto/gre.h"
#include "proto/icmp.h"
#include "proto/icmpv6.h"
#include "proto/ipv4.h"
#include "proto/ipv6.h"
#include "proto/sctp.h"
#include "proto/tcp.h"
#include "proto/udp.h"
#include "proto/udplite.h"
#include "wire/hdr.h"

static const struct ct_l3_ops *const l3_list[] = {
	&ct_ipv4_ops,
	&ct_ipv6_ops,
};

/* UDP before UDP-Lite, which leaves the sysctl names of Linux to it. */
static const struct ct_l4_ops *const l4_list[] = {
	&ct_tcp_ops,  &ct_udp_ops,    &ct_udplite_ops,
	&ct_icmp_ops, &ct_icmpv6_ops, &ct_sctp_ops,
	&ct_gre_ops,  &ct_dccp_ops,   &ct_generic_ops,
};

int ct_trackers_register(struct ct_table *tbl)
{
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(l3_list) / sizeof(*l3_list);
	     i++)
		error = ct_l3_register(tbl, l3_list[i]);
	for (size_t i = 0; !error && i < sizeof(l4_list) / sizeof(*l4_list);
	     i++)
		error = ct_l4_register(tbl, l4_list[i]);
	return error;
}

/* Whether one of ours has a parameter of one; not somebody else's tracker. */
static bool is_set(const struct ct_table *tbl, const struct ct_l4_ops *ops,
		   unsigned n)
{
	return ct_registry_l4(tbl, ops->l4) == ops &&
	       ct_params_value(&tbl->params, ct_param_base(tbl, ops->l4) + n);
}

void ct_trackers_seal(struct ct_table *tbl)
{
	struct ct_registry *reg = &tbl->registry;

	if (is_set(tbl, &ct_gre_ops, CT_GRE_KEY))
		reg->l4[reg->l4_at[CT_IPPROTO_GRE]] = &ct_gre_keyed_ops;
	/* Without a place of its own it is the generic tracker's. */
	if (ct_registry_l4(tbl, CT_IPPROTO_DCCP) == &ct_dccp_ops &&
	    !is_set(tbl, &ct_dccp_ops, CT_DCCP_P_TRACK))
		reg->l4_at[CT_IPPROTO_DCCP] = 0;
}
