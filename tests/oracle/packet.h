/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP packets as bytes: where things are in them, hex, checksums, and small
 * surgery.  A truncated or malformed packet gives less, never an error.
 *
 * This is the host's and the recorder's own look at packets, kept apart from
 * the library's so that one does not hide the other's mistakes.
 */
#ifndef ORACLE_PACKET_H
#define ORACLE_PACKET_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKET_MAX = 1 << 17, PROTO_UDPLITE = 136, PROTO_UNKNOWN = -1 };

/* A packet. */
struct bytes {
	uint8_t *data; /* from malloc() */
	size_t len;
};

/* Where things are in a packet; offsets are from its first byte. */
struct ip_view {
	const uint8_t *data;
	size_t len;
	size_t start;     /* of the IP header */
	size_t transport; /* of the transport header */
	size_t total_len; /* as the IP header has it */
	size_t src_at;    /* where the addresses are */
	size_t dst_at;
	size_t addr_len;    /* 4 or 16 */
	size_t frag_offset; /* in bytes */
	int version;        /* 4, 6 or whatever the nibble says */
	int proto;          /* PROTO_UNKNOWN if the header is no IP header */
	bool more_fragments;
	bool has_fragment_header; /* IPv6 only */
};

/* Look at the packet from offset start on. */
struct ip_view packet_view(const uint8_t *data, size_t len, size_t start);

/* Whether it is a part of a datagram. */
bool view_is_fragment(const struct ip_view *view);

/* Whether the transport header begins with two ports. */
bool view_has_ports(const struct ip_view *view);

/* A 16-bit field of the transport header, or -1 past the end. */
int view_u16(const struct ip_view *view, size_t at);

/* Whether it is an ICMP message with an id, or one that quotes a packet. */
bool view_is_icmp_query(const struct ip_view *view);
bool view_is_icmp_error(const struct ip_view *view);

/* Big-endian numbers in memory. */
uint32_t get_be16(const uint8_t *p);
uint32_t get_be32(const uint8_t *p);
void put_be16(uint8_t *p, uint32_t value);
void put_be32(uint8_t *p, uint32_t value);

/* The 16-bit one's complement sum over the bytes, added to sum, folded. */
uint32_t ones_sum(uint32_t sum, const uint8_t *data, size_t len);

/* Write the right checksum into an IPv4 header of len bytes. */
void ipv4_set_checksum(uint8_t *header, size_t len);

/* Write the right checksum into the transport header, where it has one. */
void packet_set_checksum(struct bytes *packet);

/* The packet of some hex; '?' reads as 0 and sets *masked. */
bool bytes_from_hex(const char *hex, struct bytes *packet, bool *masked);

/* A copy, whose data is NULL when out of memory. */
struct bytes bytes_copy(const uint8_t *data, size_t len);

/* The same, with so much room behind it. */
struct bytes bytes_roomy(const struct bytes *packet, size_t room);

/* The hex of a packet, as a JSON string. */
json_t *bytes_to_hex(const uint8_t *data, size_t len);

#endif /* ORACLE_PACKET_H */
