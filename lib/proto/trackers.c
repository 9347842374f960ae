/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of built-in trackers; see trackers.h.
 */
#include "proto/trackers.h"

#include "proto/generic.h"
#include "proto/icmp.h"
#include "proto/icmpv6.h"
#include "proto/ipv4.h"
#include "proto/ipv6.h"
#include "proto/sctp.h"
#include "proto/tcp.h"
#include "proto/udp.h"
#include "proto/udplite.h"

static const struct ct_l3_ops *const l3_list[] = {
	&ct_ipv4_ops,
	&ct_ipv6_ops,
};

/* UDP before UDP-Lite, which leaves the sysctl names of Linux to it. */
static const struct ct_l4_ops *const l4_list[] = {
	&ct_tcp_ops,    &ct_udp_ops,  &ct_udplite_ops, &ct_icmp_ops,
	&ct_icmpv6_ops, &ct_sctp_ops, &ct_generic_ops,
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
