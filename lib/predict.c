/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * predict.c - whose packets can be predicted; see predict.h
 */
#include "predict.h"

#include "proto/ipv4.h"
#include "proto/ipv6.h"

void ct_predict_seal(struct ct_table *tbl)
{
	unsigned ours = 0;

	if (ct_registry_l3(tbl, CT_L3_IPV4) == &ct_ipv4_ops)
		ours |= CT_OUR_IPV4;
	if (ct_registry_l3(tbl, CT_L3_IPV6) == &ct_ipv6_ops)
		ours |= CT_OUR_IPV6;
	if (ct_registry_l4(tbl, CT_IPPROTO_TCP) == &ct_tcp_ops)
		ours |= CT_OUR_TCP;
	if (ct_registry_l4(tbl, CT_IPPROTO_UDP) == &ct_udp_ops)
		ours |= CT_OUR_UDP;
	tbl->registry.ours = (uint8_t)ours;
}
