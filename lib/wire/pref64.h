/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 addresses inside IPv6 ones (RFC 6052 2.2): behind a prefix of 32, 40,
 * 48, 56, 64 or 96 bits, and around the eighth byte, which is zero.
 */
#ifndef CT_WIRE_PREF64_H
#define CT_WIRE_PREF64_H

#include <conntrack/types.h>

/* => A prefix can have so many bits, and has no others set. */
bool ct_pref64_good(const union ct_addr *prefix, unsigned len);

/* => The address lies in the prefix. */
bool ct_pref64_has(const union ct_addr *prefix, unsigned len,
		   const union ct_addr *v6);

/* The address of an IPv4 one; what is behind it is zero.  Of the prefix only
 * its bits count. */
void ct_pref64_embed(const union ct_addr *prefix, unsigned len,
		     const union ct_addr *v4, union ct_addr *v6);

/* And back; what is behind it is not looked at. */
void ct_pref64_extract(unsigned len, const union ct_addr *v6,
		       union ct_addr *v4);

/* => 64:ff9b::/96, which stands for addresses that everybody may use. */
bool ct_pref64_well_known(const union ct_addr *prefix, unsigned len);

/* => The IPv4 address is a host's, and one of everybody's (RFC 6890). */
bool ct_ipv4_global(const union ct_addr *v4);

#endif
