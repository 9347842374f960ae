/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * NAT64: connections that are IPv6 on one side and IPv4 on the other.
 *
 *	ct_process() ... ct_nat64_setup(), if new and its destination lies in
 *	the prefix; ct_nat_apply(PREROUTING): now it is an IPv4 packet
 *	routing      ... ct_nat_apply(POSTROUTING); ct_confirm()
 *
 * IPv4 hosts have IPv6 addresses in a prefix (RFC 6052), IPv6 hosts share IPv4
 * addresses as with every source NAT (RFC 6146).  The connection's two tuples
 * are of different network layers; answers are found by the IPv4 one, and
 * ct_nat_apply() makes IPv6 packets of them (RFC 7915).  See docs/nat64.md.
 */
#ifndef CONNTRACK_NAT64_H
#define CONNTRACK_NAT64_H

#include <conntrack/nat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Headroom that every packet can be translated with.  A packet with less takes
 * room behind it, from ct_pkt.tailroom, and is moved.
 */
#define CT_NAT64_ROOM 48

/** Where the IPv4 hosts are. */
struct ct_nat64 {
	size_t size;          /**< sizeof(struct ct_nat64) */
	union ct_addr prefix; /**< of IPv6; what is behind it is zero */
	uint8_t prefix_len;   /**< 32, 40, 48, 56, 64 or 96 bits */
	uint8_t reserved[7];  /**< zero */
};

/**
 * The IPv6 address of an IPv4 host, for a DNS64 for instance.
 *
 * @param nat64  the prefix
 * @param v4     the IPv4 address
 * @param v6     where to
 * @context      any thread
 * @return       0; CT_E_INVAL for what is no prefix; CT_E_VERSION
 */
CT_API int ct_nat64_embed(const struct ct_nat64 *nat64, const union ct_addr *v4,
			  union ct_addr *v6);

/**
 * The IPv4 host of an IPv6 address: whether NAT64 is wanted.
 *
 * @param nat64  the prefix
 * @param v6     the IPv6 address
 * @param v4     where to
 * @context      any thread
 * @return       0; CT_E_NOENT when it does not lie in the prefix; CT_E_INVAL
 *               for what is no prefix; CT_E_VERSION
 */
CT_API int ct_nat64_extract(const struct ct_nat64 *nat64,
			    const union ct_addr *v6, union ct_addr *v4);

/**
 * Choose the mapping of a packet's new connection to the other network layer,
 * for both ends.
 *
 * Of an IPv6 packet the destination is taken out of the prefix, and the range
 * gives an IPv4 source, as ct_nat_setup() would.  Of an IPv4 packet the source
 * goes into the prefix, and the range gives an IPv6 destination: a port
 * forward to an IPv6 server.
 *
 * In place of ct_nat_setup(), whose answer is CT_E_EXIST afterwards.
 *
 * @param thr    the calling thread's handle
 * @param pkt    a packet that ct_process() opened a connection for
 * @param nat64  the prefix
 * @param range  with CT_NAT_ADDR, without CT_NAT_NETMAP and CT_NAT_NPT
 * @context      as ct_nat_setup()
 * @return       as ct_nat_setup().  CT_E_RANGE for what must not be translated
 *               (the packet's reason is NAT_UNTRANSLATABLE; drop it): a source
 *               in the prefix, a private address in 64:ff9b::/96 (see the
 *               parameter nat64.private), an ICMP query that the other side
 *               does not have, a protocol without a tracker.  CT_E_INVAL also
 *               for a destination that does not lie in the prefix
 */
CT_API int ct_nat64_setup(struct ct_thread *thr, struct ct_pkt *pkt,
			  const struct ct_nat64 *nat64,
			  const struct ct_nat_range *range);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_NAT64_H */
