/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_nat64.c - what translation between IPv6 and IPv4 costs
 *
 * Three tables with the same UDP flows, answered once: both ends of IPv6, both
 * of IPv4, and IPv6 clients of IPv4 servers.  Packets of random flows, 64 bytes
 * of data, from the clients (6 to 4) and from the servers (4 to 6); each is set
 * beside a packet of the same family that is only forwarded.
 */
#include "commands.h"
#include "round.h"
#include "seat.h"

#include <arpa/inet.h>
#include <conntrack/nat64.h>
#include <stdlib.h>
#include <string.h>

enum {
	IP4_LEN = 20,
	IP6_LEN = 40,
	UDP_LEN = 8,
	UDP = 17,
	HOP_LIMIT = 64,
	ROOM = CT_NAT64_ROOM,
	OUTSIDE = 0xcb007101,
	PREFIX_LEN = 96
};

enum side { SIDE_6, SIDE_4, SIDE_64, SIDES };

/* A table, and both tuples of each of its connections. */
struct gateway {
	struct world world;
	struct ct_rules rules;
	struct ct_tuple *tuple[CT_DIR_MAX];
	struct row row[CT_DIR_MAX];
};

static const uint8_t prefix[12] = { 0x20, 1, 0x0d, 0xb8, 0, 0x64 };
static const uint8_t inside[12] = { 0x20, 1, 0x0d, 0xb8, 0, 0x0a };

/* --- Packets ------------------------------------------------------------ */

static void addr6(union ct_addr *addr, const uint8_t first[12], uint32_t last)
{
	memcpy(addr->bytes, first, 12);
	addr->v6[3] = htonl(last);
}

/* The tuple of a flow's first packet. */
static void first_tuple(enum side side, uint32_t flow, struct ct_tuple *t)
{
	const struct workload load = { .udp = true };
	struct ends ends;

	workload_ends(&load, flow, &ends);
	memset(t, 0, sizeof(*t));
	t->l4 = UDP;
	t->src_id = htons(ends.client_port);
	t->dst_id = htons(ends.server_port);
	t->l3 = side == SIDE_4 ? CT_L3_IPV4 : CT_L3_IPV6;
	if (side == SIDE_4) {
		t->src.v4 = htonl(ends.client);
		t->dst.v4 = htonl(ends.server);
	} else {
		addr6(&t->src, inside, ends.client);
		addr6(&t->dst, prefix, ends.server);
	}
}

static uint32_t sum_of(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put_sum(uint8_t *p, uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(p, ~sum & 0xffff);
}

/* => Bytes of the header; *sum: of its addresses. */
static uint32_t put_ip(uint8_t *ip, const struct ct_tuple *t, uint32_t l4_len,
		       uint32_t *sum)
{
	if (t->l3 == CT_L3_IPV6) {
		memset(ip, 0, IP6_LEN);
		ip[0] = 0x60;
		put16(ip + 4, l4_len);
		ip[6] = UDP;
		ip[7] = HOP_LIMIT;
		memcpy(ip + 8, t->src.bytes, 16);
		memcpy(ip + 24, t->dst.bytes, 16);
		*sum = sum_of(ip + 8, 32);
		return IP6_LEN;
	}
	memset(ip, 0, IP4_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP4_LEN + l4_len);
	ip[8] = HOP_LIMIT;
	ip[9] = UDP;
	memcpy(ip + 12, t->src.bytes, 4);
	memcpy(ip + 16, t->dst.bytes, 4);
	put_sum(ip + 10, sum_of(ip, IP4_LEN));
	*sum = sum_of(ip + 12, 8);
	return IP4_LEN;
}

static void put(struct seat *seat, const struct ct_tuple *t)
{
	unsigned i = seat->n++;
	uint8_t *ip = seat->frame[i] + ROOM, *udp;
	uint32_t len = UDP_LEN + PAYLOAD, sum, ip_len;

	ip_len = put_ip(ip, t, len, &sum);
	udp = ip + ip_len;
	memset(udp, 0, len);
	memcpy(udp, &t->src_id, 2);
	memcpy(udp + 2, &t->dst_id, 2);
	put16(udp + 4, len);
	put_sum(udp + 6, sum + UDP + len + sum_of(udp, UDP_LEN));
	seat->pkt[i] = (struct ct_pkt){
		.data = ip,
		.len = ip_len + len,
		.headroom = ROOM,
		.tailroom = FRAME_MAX - ROOM - ip_len - len,
		.l3 = t->l3,
		.csum = CT_CSUM_VERIFIED,
	};
	seat->pkts[i] = &seat->pkt[i];
}

/* --- Gateways ----------------------------------------------------------- */

static const struct ct_nat64 *the_prefix(void)
{
	static struct ct_nat64 nat64 = { .size = sizeof(nat64),
					 .prefix_len = PREFIX_LEN };

	memcpy(nat64.prefix.bytes, prefix, sizeof(prefix));
	return &nat64;
}

static enum ct_verdict choose(void *user, struct ct_thread *thr,
			      struct ct_pkt *pkt)
{
	struct ct_nat_range range = { .size = sizeof(range),
				      .flags = CT_NAT_ADDR };

	range.min_addr.v4 = htonl(OUTSIDE);
	range.max_addr = range.min_addr;
	return ct_nat64_setup(thr, pkt, user, &range) ? CT_DROP : CT_ACCEPT;
}

/* Each flow is opened and answered. */
static void fill(struct seat *seat, void *user)
{
	struct gateway *gateway = user;
	const struct options *options = seat->world->options;
	struct ct_tuple **tuple = gateway->tuple;
	uint32_t n = 0;

	seat->n_bad = 0;
	for (uint32_t flow = 0; flow < options->conns; flow += n) {
		uint32_t left = options->conns - flow;

		n = left < options->burst ? left : options->burst;
		for (seat->n = 0; seat->n < n;)
			put(seat, &tuple[CT_DIR_ORIG][flow + seat->n]);
		seat_forward(seat);
		seat_expect(seat, CT_NEW);
		if (seat->n_bad)
			host_fail("the library did not take a flow");
		for (uint32_t i = 0; i < n; i++)
			ct_conn_tuple(seat->pkt[i].conn, CT_DIR_REPLY,
				      &tuple[CT_DIR_REPLY][flow + i]);
		for (seat->n = 0; seat->n < n;)
			put(seat, &tuple[CT_DIR_REPLY][flow + seat->n]);
		seat_forward(seat);
		seat_expect(seat, CT_ESTABLISHED);
		seat_poll(seat);
	}
	if (seat->n_bad)
		host_fail("the library did not know an answer");
}

static void gateway_open(struct gateway *gateway, enum side side,
			 const struct options *options)
{
	uint32_t n = options->conns;

	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++) {
		gateway->tuple[dir] = calloc(n, sizeof(struct ct_tuple));
		if (!gateway->tuple[dir])
			host_fail("no memory for the flows");
	}
	for (uint32_t i = 0; i < n; i++)
		first_tuple(side, i, &gateway->tuple[CT_DIR_ORIG][i]);
	world_open(&gateway->world, options, 1);
	world_table(&gateway->world, world_room(n), WITHOUT_EVENTS);
	gateway->rules = (struct ct_rules){
		.size = sizeof(gateway->rules),
		.new_conn = choose,
		.user = (void *)(uintptr_t)the_prefix(),
	};
	if (side == SIDE_64)
		gateway->world.rules = &gateway->rules;
	world_team(&gateway->world, 1, fill, gateway);
}

static void gateway_close(struct gateway *gateway)
{
	world_table_end(&gateway->world);
	world_close(&gateway->world);
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		free(gateway->tuple[dir]);
}

/* --- Measured ----------------------------------------------------------- */

/* Packets of random flows, by their tuples of one direction. */
static void traffic(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	const struct ct_tuple *tuple = user;
	struct watch watch;
	uint64_t end, n = 0;

	seat_round(seat);
	watch_start(&watch);
	end = host_ticks() + host_ticks_of_ms(options->ms);
	while (seat_goes_on(seat, &n, end)) {
		for (seat->n = 0; seat->n < options->burst;)
			put(seat, &tuple[random_below(random64(&seat->random),
						      options->conns)]);
		watch_sample(&watch, seat, seat_forward(seat));
		seat_expect(seat, CT_ESTABLISHED);
		seat_poll(seat);
		seat->n_packets += seat->n;
	}
	watch_clean(&watch, seat);
}

static void measure(struct gateway *gateway, enum ct_dir dir)
{
	world_team(&gateway->world, 1, traffic, gateway->tuple[dir]);
	row_add(&gateway->row[dir], gateway->world.seat, 1, ROW_MEDIAN);
}

struct found {
	const char *name;
	enum side plain; /* forwarded beside it */
	enum ct_dir dir;
	struct series adds;
};

static void report_one(const struct found *found, const struct gateway *all,
		       struct report *report)
{
	const struct row *plain = &all[found->plain].row[found->dir];
	const struct row *ours = &all[SIDE_64].row[found->dir];

	report_begin(report, found->name);
	report_num(report, "plain_ns", series_median(&plain->ns), 2);
	report_num(report, "translated_ns", series_median(&ours->ns), 2);
	report_num(report, "adds_ns", series_median(&found->adds), 2);
	report_num(report, "bad", (double)(plain->n_bad + ours->n_bad), 0);
	report_end(report);
}

void cmd_nat64(const struct options *options, struct report *report)
{
	struct found found[] = {
		{ .name = "6 to 4", .plain = SIDE_6, .dir = CT_DIR_ORIG },
		{ .name = "4 to 6", .plain = SIDE_4, .dir = CT_DIR_REPLY },
	};
	struct gateway *all = calloc(SIDES, sizeof(*all));

	if (!all)
		host_fail("no memory");
	for (unsigned side = 0; side < SIDES; side++)
		gateway_open(&all[side], (enum side)side, options);
	for (unsigned i = 0; i < options->rounds; i++)
		for (unsigned k = 0; k < 2; k++) {
			enum ct_dir dir = found[k].dir;
			struct gateway *plain = &all[found[k].plain];

			measure(plain, dir);
			measure(&all[SIDE_64], dir);
			series_add(&found[k].adds,
				   limits_last(&all[SIDE_64].row[dir].ns) -
					   limits_last(&plain->row[dir].ns));
		}
	for (unsigned k = 0; k < 2; k++)
		report_one(&found[k], all, report);
	for (unsigned side = 0; side < SIDES; side++)
		gateway_close(&all[side]);
	free(all);
}
