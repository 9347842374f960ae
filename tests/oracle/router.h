/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host that the goldens were recorded on, as far as it is no conntrack: a
 * router between two TUN devices.  What comes in on one leaves by the other,
 * unless its IP layer refuses it.
 */
#ifndef ORACLE_ROUTER_H
#define ORACLE_ROUTER_H

#include <conntrack/types.h>

#include "packet.h"

/* What the IP layer's input makes of a packet. */
enum router_input {
	INPUT_GOOD,
	INPUT_NO_IP,    /* neither version: not even the device takes it */
	INPUT_MALFORMED /* dropped before conntrack could see it */
};

/* Where routing sends a packet, after conntrack saw it. */
enum router_route { ROUTE_FORWARD, ROUTE_LOCAL, ROUTE_DROP };

/* Check the IP header, and cut off what lies behind the packet. */
enum router_input router_input(struct bytes *packet);

/*
 * Route a packet.
 *
 * => Fills in the router's address where a record route option asks for it.
 */
enum router_route router_route(struct bytes *packet);

/*
 * Whether the recorder's trace cannot show the packet: an IPv6 packet whose
 * extension headers lead beyond its end.
 */
bool router_untraceable(const struct bytes *packet);

/* The router's own address, of a family. */
const union ct_addr *router_address(uint8_t l3);

/* The router's answer to a refused packet; data is NULL when there is none. */
struct bytes router_reset(const struct bytes *packet);
struct bytes router_unreachable(const struct bytes *packet);

#endif /* ORACLE_ROUTER_H */
