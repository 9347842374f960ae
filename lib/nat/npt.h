/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * npt.h - IPv6 prefixes that change without changing a checksum: NPTv6 (RFC
 * 6296); pure
 */
#ifndef NAT_NPT_H
#define NAT_NPT_H

#include <conntrack/nat.h>

/* => A range is a prefix of IPv6 that can be translated to. */
bool ct_npt_good(const struct ct_nat_range *range);

/*
 * Make the range what it is for one address: a range of one.
 *
 * => False when there is no such address; the packet must be dropped.
 */
bool ct_npt_map(struct ct_nat_range *range, const union ct_addr *addr);

#endif /* NAT_NPT_H */
