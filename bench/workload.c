/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workload.c - see workload.h
 *
 * Checksums are right for TCP and left out for UDP over IPv4.
 */
#include "workload.h"

#include "unkeyed.h"

#include <string.h>

enum {
	TCP = 6,
	UDP = 17,
	PORT_TCP = 443,
	PORT_UDP = 53,
	PORT_FIXED = 5000,
	STRIDE = 4096,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	TCP_OPT_LEN = 8,
	UDP_LEN = 8,
	CHOSEN_BITS = 6 /* a flow costs 2^6 hashes */
};

#define CLIENTS 0x0a000000u /* 10.0.0.0/8 */
#define SERVERS 0xac100000u /* 172.16.0.0/24 */
#define ONE_XOR 0x00ff0000u

const char *corpus_name(enum corpus corpus)
{
	static const char *const names[CORPUS_MAX] = {
		[CORPUS_SPREAD] = "random", [CORPUS_SEQUENTIAL] = "sequential",
		[CORPUS_PORTS] = "ports",   [CORPUS_STRIDED] = "strided",
		[CORPUS_XOR] = "equal_xor", [CORPUS_SUFFIX] = "ip6_suffix",
		[CORPUS_CHOSEN] = "chosen", [CORPUS_CHOSEN6] = "ip6_chosen",
	};

	return names[corpus];
}

/* --- Bytes -------------------------------------------------------------- */

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/*
 * 2001:db8::/64, then what is random in a host's half, then four bytes.
 *
 * Chosen ones begin with eight zeroes.  XXH3 multiplies pairs of words of the
 * tuple, each taken exclusive or with the secret: those zeroes wipe out the
 * client's other half where no secret stands in the way.
 */
static void put_addr6(const struct workload *load, uint8_t *p, uint32_t addr)
{
	put32(p, load->corpus == CORPUS_CHOSEN6 ? 0 : 0x20010db8u);
	put32(p + 4, 0);
	put32(p + 8, load->corpus == CORPUS_SUFFIX ? 0 : mix32(addr));
	put32(p + 12, addr);
}

static void put_tuple(const struct workload *load, const struct ends *ends,
		      enum ct_dir dir, struct ct_tuple *tuple)
{
	union ct_addr *client, *server;

	memset(tuple, 0, sizeof(*tuple));
	tuple->l3 = load->v6 ? CT_L3_IPV6 : CT_L3_IPV4;
	tuple->l4 = load->udp ? UDP : TCP;
	client = dir == CT_DIR_ORIG ? &tuple->src : &tuple->dst;
	server = dir == CT_DIR_ORIG ? &tuple->dst : &tuple->src;
	if (load->v6) {
		put_addr6(load, client->bytes, ends->client);
		put_addr6(load, server->bytes, ends->server);
	} else {
		put32(client->bytes, ends->client);
		put32(server->bytes, ends->server);
	}
	put16((uint8_t *)(dir == CT_DIR_ORIG ? &tuple->src_id : &tuple->dst_id),
	      ends->client_port);
	put16((uint8_t *)(dir == CT_DIR_ORIG ? &tuple->dst_id : &tuple->src_id),
	      ends->server_port);
}

/* --- Who ---------------------------------------------------------------- */

static void spread(uint32_t flow, struct ends *ends)
{
	uint32_t u = mix32(flow);

	/* The low 24 bits are in the address, the others in the port. */
	ends->client = CLIENTS | (u & 0xffffffu);
	ends->client_port = (uint16_t)(1024 + (u >> 24) * 251 +
				       mix32(flow ^ 0x9e3779b9u) % 251);
	ends->server = SERVERS | (mix32(flow + 0x85ebca6bu) & 0xff);
}

/* A port of the client's with which the tuple goes where all others go. */
static void choose(const struct workload *load, uint32_t flow,
		   struct ends *ends)
{
	uint16_t first = (uint16_t)mix32(flow), port = first;
	struct ct_tuple tuple;

	put_tuple(load, ends, CT_DIR_ORIG, &tuple);
	do {
		port++;
		put16((uint8_t *)&tuple.src_id, port);
	} while (unkeyed_hash(&tuple) % (1u << CHOSEN_BITS) && port != first);
	ends->client_port = port;
}

void workload_ends(const struct workload *load, uint32_t flow,
		   struct ends *ends)
{
	ends->client = CLIENTS;
	ends->server = SERVERS;
	ends->client_port = PORT_FIXED;
	ends->server_port = load->udp ? PORT_UDP : PORT_TCP;
	switch (load->corpus) {
	case CORPUS_SEQUENTIAL:
	case CORPUS_SUFFIX:
	case CORPUS_CHOSEN6:
		ends->client += flow;
		break;
	case CORPUS_CHOSEN:
		ends->client += flow;
		choose(load, flow, ends);
		break;
	case CORPUS_PORTS:
		ends->client_port = (uint16_t)flow;
		ends->client += flow >> 16;
		break;
	case CORPUS_STRIDED:
		ends->client = flow * STRIDE;
		ends->server += flow >> 20;
		break;
	case CORPUS_XOR:
		ends->client += flow;
		ends->server = ends->client ^ ONE_XOR;
		ends->server_port = PORT_FIXED;
		break;
	default:
		spread(flow, ends);
		break;
	}
}

uint32_t workload_isn(uint32_t flow, enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? mix32(flow + 0x1234567u)
				  : mix32(flow ^ 0x5bd1e995u);
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

void workload_tuple(const struct workload *load, uint32_t flow, enum ct_dir dir,
		    struct ct_tuple *tuple)
{
	struct ends ends;

	workload_ends(load, flow, &ends);
	put_tuple(load, &ends, dir, tuple);
}

void workload_frame_init(const struct workload *load, uint8_t *frame)
{
	static const uint8_t ether[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	uint8_t *ip = frame + FRAME_L3;

	memset(frame, 0, FRAME_MAX);
	memcpy(frame, ether, sizeof(ether));
	put16(frame + 12, load->v6 ? 0x86dd : 0x0800);
	if (load->v6) {
		ip[0] = 0x60;
		ip[7] = 64;
	} else {
		ip[0] = 0x45;
		ip[8] = 64;
	}
}

/* => The sum of the pseudo header's addresses. */
static uint32_t write_ip(const struct workload *load, uint8_t *ip,
			 uint32_t l4_len, const struct ends *ends,
			 enum ct_dir dir)
{
	bool orig = dir == CT_DIR_ORIG;
	uint32_t src = orig ? ends->client : ends->server;
	uint32_t dst = orig ? ends->server : ends->client;

	if (load->v6) {
		put16(ip + 4, l4_len);
		ip[6] = load->udp ? UDP : TCP;
		put_addr6(load, ip + 8, src);
		put_addr6(load, ip + 24, dst);
		return sum16(0, ip + 8, 32);
	}
	put16(ip + 2, IP4_LEN + l4_len);
	ip[9] = load->udp ? UDP : TCP;
	put16(ip + 10, 0);
	put32(ip + 12, src);
	put32(ip + 16, dst);
	put16(ip + 10, fold(sum16(0, ip, IP4_LEN)));
	return sum16(0, ip + 12, 8);
}

/* The payload is zeroes and adds nothing to a checksum. */
static void write_tcp(uint8_t *l4, const struct segment *segment, uint32_t sum)
{
	static const uint8_t options[TCP_OPT_LEN] = {
		2, 4, 5, 0xb4, 1, 3, 3, 7
	};
	uint32_t len = TCP_LEN + (segment->options ? TCP_OPT_LEN : 0);

	put32(l4 + 4, segment->seq);
	put32(l4 + 8, segment->ack);
	l4[12] = (uint8_t)(len / 4 << 4);
	l4[13] = segment->flags;
	put16(l4 + 14, segment->window);
	put32(l4 + 16, 0);
	if (segment->options)
		memcpy(l4 + TCP_LEN, options, sizeof(options));
	sum = sum16(sum + TCP + len + segment->payload, l4, len);
	put16(l4 + 16, fold(sum));
}

static void write_udp(const struct workload *load, uint8_t *l4, uint32_t len,
		      uint32_t sum)
{
	put16(l4 + 4, len);
	put16(l4 + 6, 0);
	if (!load->v6)
		return;
	sum = fold(sum16(sum + UDP + len, l4, UDP_LEN));
	put16(l4 + 6, sum ? sum : 0xffff); /* 0 means: there is none */
}

uint32_t workload_frame(const struct workload *load, uint8_t *frame,
			uint32_t flow, enum ct_dir dir,
			const struct segment *segment)
{
	uint32_t ip_len = load->v6 ? IP6_LEN : IP4_LEN;
	uint8_t *ip = frame + FRAME_L3;
	uint8_t *l4 = ip + ip_len;
	uint32_t head = load->udp          ? UDP_LEN
			: segment->options ? TCP_LEN + TCP_OPT_LEN
					   : TCP_LEN;
	uint32_t len = head + segment->payload;
	struct ends ends;
	uint32_t sum;

	workload_ends(load, flow, &ends);
	sum = write_ip(load, ip, len, &ends, dir);
	/* A SYN that lay here before had options where payload is now. */
	memset(l4 + (load->udp ? UDP_LEN : TCP_LEN), 0, TCP_OPT_LEN);
	put16(l4, dir == CT_DIR_ORIG ? ends.client_port : ends.server_port);
	put16(l4 + 2, dir == CT_DIR_ORIG ? ends.server_port : ends.client_port);
	if (load->udp)
		write_udp(load, l4, len, sum);
	else
		write_tcp(l4, segment, sum);
	return ip_len + len;
}
