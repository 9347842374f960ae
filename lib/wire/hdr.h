/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers that the library reads, as pictures, and the numbers in them.
 *
 * Nothing here is ever laid over packet memory: fields are read one after the
 * other through a cursor (<conntrack/cursor.h>).  The ruler counts bits.
 *
 *	IPv4, RFC 791 3.1
 *	 0               8              16              24             31
 *	+-------+-------+---------------+-------------------------------+
 *	|version|  IHL  |type of service|         total length          |
 *	+-------+-------+---------------+-----+-------------------------+
 *	|        identification         |-|D|M|     fragment offset     |
 *	+---------------+---------------+-----+-------------------------+
 *	| time to live  |   protocol    |        header checksum        |
 *	+---------------+---------------+-------------------------------+
 *	|                            source                             |
 *	+---------------------------------------------------------------+
 *	|                          destination                          |
 *	+---------------------------------------------------------------+
 *	|                  options, up to 4 x IHL bytes                 |
 *	+---------------------------------------------------------------+
 *
 *	IPv6, RFC 8200 3
 *	 0               8              16              24             31
 *	+-------+---------------+---------------------------------------+
 *	|version| traffic class |              flow label               |
 *	+-------+---------------+-------+---------------+---------------+
 *	|        payload length         |  next header  |   hop limit   |
 *	+-------------------------------+---------------+---------------+
 *	|                       source, 16 bytes                        |
 *	+---------------------------------------------------------------+
 *	|                     destination, 16 bytes                     |
 *	+---------------------------------------------------------------+
 *
 *	UDP, RFC 768; UDP-Lite, RFC 3828 3.1, has its coverage for the length
 *	+-------------------------------+-------------------------------+
 *	|          source port          |       destination port        |
 *	+-------------------------------+-------------------------------+
 *	|      length or coverage       |           checksum            |
 *	+-------------------------------+-------------------------------+
 *
 *	SCTP, RFC 9260 3.1
 *	+-------------------------------+-------------------------------+
 *	|          source port          |       destination port        |
 *	+-------------------------------+-------------------------------+
 *	|                       verification tag                        |
 *	+---------------------------------------------------------------+
 *	|                 checksum, its low byte first                  |
 *	+---------------------------------------------------------------+
 *
 *	ICMP, RFC 792; ICMPv6, RFC 4443 2.1
 *	+---------------+---------------+-------------------------------+
 *	|     type      |     code      |           checksum            |
 *	+---------------+---------------+-------------------------------+
 *	|       identifier of a query   |        sequence number        |
 *	+-------------------------------+-------------------------------+
 *	|     data of a query, or the packet that an error is about     |
 *	+---------------------------------------------------------------+
 */
#ifndef CT_WIRE_HDR_H
#define CT_WIRE_HDR_H

/* Protocol numbers, of IPv4 and of IPv6's next header. */
enum ct_ipproto {
	CT_IPPROTO_HOPOPTS = 0,
	CT_IPPROTO_ICMP = 1,
	CT_IPPROTO_TCP = 6,
	CT_IPPROTO_UDP = 17,
	CT_IPPROTO_DCCP = 33,
	CT_IPPROTO_ROUTING = 43,
	CT_IPPROTO_FRAGMENT = 44,
	CT_IPPROTO_GRE = 47,
	CT_IPPROTO_ESP = 50,
	CT_IPPROTO_AH = 51,
	CT_IPPROTO_ICMPV6 = 58,
	CT_IPPROTO_NONE = 59,
	CT_IPPROTO_DSTOPTS = 60,
	CT_IPPROTO_SCTP = 132,
	CT_IPPROTO_UDPLITE = 136,
	CT_IPPROTO_GENERIC = 255 /* reserved by IANA; ours for "any other" */
};

/* Bytes of the fixed part of a header. */
enum ct_hdr_len {
	CT_IPV4_HDR_LEN = 20,
	CT_IPV6_HDR_LEN = 40,
	CT_PORTS_LEN = 4, /* the two ports, first in many a header */
	CT_TCP_HDR_LEN = 20,
	CT_TCP_TIMESTAMP_LEN = 12, /* NOP, NOP and the option */
	CT_UDP_HDR_LEN = 8,
	CT_ICMP_HDR_LEN = 8,
	CT_SCTP_HDR_LEN = 12
};

/* Where a field is, from its header on. */
enum ct_hdr_off {
	CT_IPV4_TOTAL_OFF = 2,
	CT_IPV4_ID_OFF = 4,
	CT_IPV4_FRAG_OFF = 6,
	CT_IPV4_TTL_OFF = 8,
	CT_IPV4_PROTOCOL_OFF = 9,
	CT_IPV4_SUM_OFF = 10,
	CT_IPV4_SRC_OFF = 12,
	CT_IPV4_DST_OFF = 16,
	CT_IPV6_LEN_OFF = 4,
	CT_IPV6_NEXT_OFF = 6,
	CT_IPV6_HOPS_OFF = 7,
	CT_IPV6_SRC_OFF = 8,
	CT_IPV6_DST_OFF = 24,
	CT_TCP_SEQ_OFF = 4,
	CT_TCP_ACK_OFF = 8,
	CT_TCP_OFFSET_OFF = 12,
	CT_TCP_FLAGS_OFF = 13,
	CT_TCP_WINDOW_OFF = 14,
	CT_TCP_SUM_OFF = 16,
	CT_UDP_LEN_OFF = 4,
	CT_UDP_SUM_OFF = 6,
	CT_ICMP_SUM_OFF = 2,
	CT_ICMP_ID_OFF = 4,
	CT_SCTP_TAG_OFF = 4,
	CT_SCTP_SUM_OFF = 8,
	CT_DCCP_SUM_OFF = 6
};

/* A header's first byte: the version; of IPv4 that there are no options. */
enum ct_hdr_first { CT_IPV4_FIRST = 0x45, CT_IPV6_FIRST = 0x60 };

/* IPv4: the 16 bits with the fragment offset. */
enum ct_ipv4_frag {
	CT_IPV4_DF = 0x4000,
	CT_IPV4_MORE = 0x2000,  /* more fragments follow */
	CT_IPV4_OFFSET = 0x1fff /* in units of eight bytes */
};

/* IPv6: the 16 bits with the fragment offset (RFC 8200 4.5). */
enum ct_ipv6_frag {
	CT_IPV6_MORE = 0x0001,
	CT_IPV6_OFFSET = 0xfff8 /* in bytes, the last three bits cut off */
};

#endif
