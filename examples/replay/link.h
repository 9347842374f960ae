/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a recorded frame to the IP packet inside it.
 *
 * Pure functions over foreign bytes: nothing is allocated, kept or believed.
 * Every decoder hands its rest to the next one (Ethernet to VLAN to PPPoE to
 * PPP to IP) and each step eats bytes, so that a frame ends them all.
 */
#ifndef REPLAY_LINK_H
#define REPLAY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was found in a frame. */
enum link_answer {
	LINK_IP,     /* an IP packet; where it is stands in struct link_ip */
	LINK_OTHER,  /* whole, but not IP: ARP, PPP's LCP, ... */
	LINK_BROKEN, /* ends or contradicts itself before any IP header */
	LINK_UNKNOWN /* no decoder for this link type */
};

/* A frame as it was recorded. */
struct link_frame {
	const uint8_t *bytes; /* from the first byte of the link layer on */
	size_t len;           /* how many were kept */
	size_t wire_len;      /* how many there were on the wire */
};

/* Where the IP packet is in its frame. */
struct link_ip {
	size_t off;      /* of its first byte */
	size_t len;      /* bytes of it that were kept */
	size_t wire_len; /* bytes of it on the wire, link-layer padding included */
	uint8_t l3;      /* CT_L3_IPV4 or CT_L3_IPV6 */
};

/* Whether there is a decoder for a DLT_* number. */
bool link_known(int dlt);

/* => ip is written only with the answer LINK_IP. */
enum link_answer link_decode(int dlt, const struct link_frame *frame,
			     struct link_ip *ip);

#endif /* REPLAY_LINK_H */
