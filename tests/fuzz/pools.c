/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of the sequence fuzzer: made, filled, drained, emptied, asked; their
 * part of a packet's way; and what their events must say.
 *
 * Each pool has up to four addresses of its own and few ids, so that they run
 * out.  The events are believed by nobody: of ids that are not overloaded none
 * may be given twice, and what begins must end.
 */
#include "world.h"

#include <arpa/inet.h>
#include <string.h>

enum { ADDRS = 4, FIRST = 1000, IDS_MAX = 64, STATIC_L4 = 17 };
enum { IPV4_DST = 16, IPV6_DST = 24, IPV4_HDR = 20, IPV6_HDR = 40 };

static union ct_addr address_of(unsigned pool, uint8_t l3, unsigned n)
{
	static const uint8_t net6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0xfe };
	union ct_addr addr = { .v6 = { htonl(0xcb007180) } };
	unsigned last = 3;

	if (l3 == CT_L3_IPV6) {
		memset(&addr, 0, sizeof(addr));
		memcpy(&addr, net6, sizeof(net6));
		last = 15;
	}
	addr.bytes[last] =
		(uint8_t)(addr.bytes[last] + pool * ADDRS + n % ADDRS);
	return addr;
}

static union ct_addr inside_of(uint8_t l3, uint8_t n)
{
	union ct_addr addr = { .v6 = { htonl(0x0a000000) } };

	if (l3 == CT_L3_IPV6)
		addr.bytes[15] = n;
	else
		addr.bytes[3] = n;
	return addr;
}

/* --- What is told ------------------------------------------------------- */

static uint8_t *owner(struct world_pool *pool, const struct ct_nat_event *ev)
{
	unsigned last = ev->l3 == CT_L3_IPV6 ? 15 : 3;
	unsigned id = ntohs(ev->outside_id);

	if (id < FIRST || id >= FIRST + IDS_MAX)
		fuzz_wrong("an id that the pool does not have");
	return &pool->given[ev->outside.bytes[last] % ADDRS]
			   [ev->l4 % WORLD_PROTOCOLS][id - FIRST];
}

static void told_of_mapping(struct world_pool *pool,
			    const struct ct_nat_event *ev)
{
	uint8_t *given;

	/* What has no ids of its own shares an address by its peers. */
	if (pool->overloads || !(ev->l4 == 6 || ev->l4 == 17))
		return;
	given = owner(pool, ev);
	if (*given == (ev->kind == CT_NAT_EV_MAPPING))
		fuzz_wrong(*given ? "an id is given twice"
				  : "an id is given back twice");
	*given = !*given;
}

static void tell(void *user, const struct ct_nat_event *ev)
{
	struct world_pool *pool = user;
	char line[512];
	int len = ct_nat_event_text(ev, line, sizeof(line));

	if (len <= 0 || (size_t)len != strlen(line) || line[len - 1] != '}')
		fuzz_wrong("an event of NAT's that makes no line");
	switch (ev->kind) {
	case CT_NAT_EV_SESSION:
	case CT_NAT_EV_SUBSCRIBER:
	case CT_NAT_EV_BLOCK:
		pool->open[ev->kind]++;
		break;
	case CT_NAT_EV_SESSION_END:
	case CT_NAT_EV_SUBSCRIBER_END:
	case CT_NAT_EV_BLOCK_END:
		if (!pool->open[ev->kind - 1]--)
			fuzz_wrong("something ends that did not begin");
		break;
	case CT_NAT_EV_MAPPING:
		pool->open[ev->kind]++;
		told_of_mapping(pool, ev);
		break;
	case CT_NAT_EV_MAPPING_END:
		if (!pool->open[ev->kind - 1]--)
			fuzz_wrong("a mapping ends that did not begin");
		told_of_mapping(pool, ev);
		break;
	default:
		break;
	}
}

/* --- Made --------------------------------------------------------------- */

static bool in_use(void *user, uint8_t l4, const union ct_addr *addr,
		   uint16_t id)
{
	(void)user;
	(void)l4;
	(void)addr;
	return id % 16 == 3;
}

/* Small numbers are zero, mostly: not asked for. */
static uint32_t little(struct fuzz_in *in)
{
	uint8_t byte = fuzz_u8(in);

	return byte < 128 ? 0 : byte % 8;
}

static struct ct_nat_pool_config config_of(struct fuzz_in *in,
					   struct world_pool *pool)
{
	struct ct_nat_pool_config cfg = { .size = sizeof(cfg) };
	uint8_t what = fuzz_u8(in);
	uint8_t ids = fuzz_u8(in);

	cfg.flags = fuzz_u8(in) & 0x7f;
	cfg.l3 = what & 1 ? CT_L3_IPV6 : CT_L3_IPV4;
	cfg.mapping = (uint8_t)((what >> 1 & 3) % 3);
	cfg.filtering = (uint8_t)((what >> 3 & 3) % 3);
	cfg.min_id = (uint16_t)(FIRST + ids % 4);
	cfg.max_id = (uint16_t)(cfg.min_id + (ids >> 2) % (IDS_MAX - 4));
	cfg.hold_s = little(in);
	cfg.block_ids = what & 32 ? 1u << little(in) : 0;
	cfg.max_blocks = cfg.block_ids ? little(in) : 0;
	cfg.max_mappings = little(in);
	cfg.max_conns = little(in);
	cfg.max_rate = little(in);
	cfg.prefix_len = cfg.l3 == CT_L3_IPV4 ? little(in) * 4 : 0;
	if (what & 64 && cfg.block_ids) {
		cfg.n_fixed = 1 + little(in);
		cfg.spare_blocks = little(in);
		cfg.fixed_first = inside_of(cfg.l3, 1);
	}
	if (what & 64 && cfg.flags & CT_POOL_OVERLOAD)
		cfg.announced_ids = ids % 8;
	cfg.port_in_use = what & 128 ? in_use : NULL;
	cfg.events = CT_NAT_EV_ALL;
	cfg.event = tell;
	cfg.user = pool;
	return cfg;
}

static void make(struct world *w, struct fuzz_in *in, unsigned n)
{
	struct world_pool *pool = &w->pools[n];
	struct ct_nat_pool_config cfg = config_of(in, pool);
	union ct_addr first = address_of(n, cfg.l3, 0);
	union ct_addr last = address_of(n, cfg.l3, fuzz_u8(in));
	int error;

	pool->overloads = cfg.flags & CT_POOL_OVERLOAD;
	pool->l3 = cfg.l3;
	pool->ids = cfg.max_id - cfg.min_id + 1u;
	error = ct_nat_pool_create(w->tbl, &cfg, &pool->pool);
	if (error) {
		pool->pool = NULL;
		if (error == CT_E_VERSION || error == CT_E_FULL)
			fuzz_wrong("a pool is refused for no reason");
		return;
	}
	error = ct_nat_pool_add(pool->pool, &first, &last);
	if (error && error != CT_E_NOMEM)
		fuzz_wrong("addresses are refused for no reason");
}

/* --- Asked -------------------------------------------------------------- */

static void expect_gauge(const struct world_pool *pool,
			 const union ct_addr *addr)
{
	struct ct_nat_gauge gauge = { .size = sizeof(gauge) };
	int error = ct_nat_pool_gauge(pool->pool, addr, STATIC_L4, &gauge);

	if (error == CT_E_NOENT)
		return;
	if (error)
		fuzz_wrong("an address has no numbers");
	if (!pool->overloads &&
	    gauge.free + gauge.held + gauge.mappings > gauge.ids)
		fuzz_wrong("an address has more ids than it has");
	if (gauge.ids > pool->ids)
		fuzz_wrong("an address has more ids than the pool");
	if (gauge.mappings > gauge.made)
		fuzz_wrong("more mappings than were made");
}

static void expect_inverse(const struct world_pool *pool,
			   const union ct_addr *inside)
{
	struct ct_nat_block block = { .size = sizeof(block) }, back = block;

	if (ct_nat_fixed(pool->pool, inside, &block))
		return;
	if (ct_nat_fixed_owner(pool->pool, &block.outside, block.last_id,
			       &back) ||
	    memcmp(&block, &back, sizeof(back)) != 0)
		fuzz_wrong("the inverse of a block is another block");
}

static int visit(void *user, const struct ct_nat_static *map)
{
	unsigned *n = user;

	if (map->l4 != STATIC_L4)
		fuzz_wrong("a static mapping that nobody asked for");
	(*n)++;
	return 0;
}

/* --- Static mappings ---------------------------------------------------- */

static struct ct_nat_static static_of(struct fuzz_in *in, unsigned n,
				      uint8_t l3)
{
	uint8_t what = fuzz_u8(in);
	struct ct_nat_static map = { .size = sizeof(map),
				     .inside = inside_of(l3, what % 4),
				     .inside_id = htons(what),
				     .l4 = STATIC_L4 };

	if (what & 64)
		map.outside = address_of(n, l3, what);
	if (what & 128)
		map.outside_id = htons((uint16_t)(FIRST + what % 64));
	map.lifetime_s = what & 32 ? what % 8 : 0;
	return map;
}

/* --- The step ----------------------------------------------------------- */

static void change(struct world *w, struct fuzz_in *in, unsigned n,
		   uint8_t what)
{
	struct world_pool *pool = &w->pools[n];
	struct ct_thread *thr = world_handle(w, what >> 7);
	union ct_addr addr = address_of(n, pool->l3, what >> 5);
	struct ct_nat_static map;
	unsigned visited = 0;

	if (!thr)
		return;
	switch (what >> 2 & 7) {
	case 0:
		ct_nat_pool_add(pool->pool, &addr, NULL);
		break;
	case 1:
		ct_nat_pool_drain(pool->pool, &addr);
		break;
	case 2:
		ct_nat_pool_remove(thr, pool->pool, &addr);
		if (ct_nat_pool_remove(thr, pool->pool, &addr) != CT_E_NOENT)
			fuzz_wrong("an address goes away twice");
		break;
	case 3:
		ct_nat_purge(thr, pool->l3, &addr);
		break;
	case 4:
		map = static_of(in, n, pool->l3);
		ct_nat_static_add(thr, pool->pool, &map);
		break;
	case 5:
		map = static_of(in, n, pool->l3);
		ct_nat_static_delete(thr, pool->pool, &map);
		break;
	case 6:
		if (ct_nat_static_walk(thr, pool->pool, visit, &visited))
			fuzz_wrong("a walk stops by itself");
		break;
	default:
		what = fuzz_u8(in);
		if (what % 8 == 0)
			ct_nat_pool_exclude(pool->pool,
					    (uint16_t)(FIRST + what / 8),
					    (uint16_t)(FIRST + what / 8));
		break;
	}
	expect_gauge(pool, &addr);
	addr = inside_of(pool->l3, what % 16);
	expect_inverse(pool, &addr);
}

void world_pool(struct world *w, struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in);
	unsigned n = what % WORLD_POOLS;

	if (!w->pools[n].pool)
		make(w, in, n);
	else
		change(w, in, n, what);
}

/* --- A packet ----------------------------------------------------------- */

/* Send it to an external endpoint, as strangers and hairpins do. */
void flight_aim(const struct world *w, struct fuzz_in *in, struct ct_pkt *pkt)
{
	uint8_t to = fuzz_u8(in);
	unsigned n = to % WORLD_POOLS;
	union ct_addr addr = address_of(n, pkt->l3, to >> 2);
	uint16_t id = htons((uint16_t)(FIRST + fuzz_u8(in) % IDS_MAX));
	bool ipv4 = pkt->l3 == CT_L3_IPV4;
	uint32_t l4 = ipv4 ? IPV4_HDR : IPV6_HDR;

	if (!w->pools[n].pool || (!ipv4 && pkt->l3 != CT_L3_IPV6) ||
	    pkt->len < l4 + 4)
		return;
	memcpy(pkt->data + (ipv4 ? IPV4_DST : IPV6_DST), &addr, ipv4 ? 4 : 16);
	memcpy(pkt->data + l4 + 2, &id, sizeof(id));
	pkt->csum = CT_CSUM_VERIFIED;
}

/* => Whether a pool has a say. */
void choose_pooled(struct world *w, struct ct_thread *thr, struct ct_pkt *pkt,
		   struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in);
	struct ct_nat_pool *pool = w->pools[what % WORLD_POOLS].pool;
	uint32_t before = ct_conn_status(pkt->conn);
	int error = 0;

	if (!pool)
		return;
	if (what & 4)
		error = ct_nat_inbound(thr, pkt, pool);
	if (!error && (what & 4) && !(ct_conn_status(pkt->conn) & CT_S_DST_NAT))
		fuzz_wrong("let in, and nobody knows");
	if (error && before != ct_conn_status(pkt->conn))
		fuzz_wrong("not let in, yet something changed");
	if (!(what & 8))
		return;
	before = ct_conn_status(pkt->conn);
	error = ct_nat_pool_setup(thr, pkt, pool);
	if (!error && !(ct_conn_status(pkt->conn) & CT_S_SRC_NAT))
		fuzz_wrong("a pool gave a source, and nobody knows");
	if (error && before != ct_conn_status(pkt->conn))
		fuzz_wrong("a pool gave nothing, yet something changed");
}

/* --- The end ------------------------------------------------------------ */

/* Everything is taken away; then nothing may be open. */
void world_drop_pools(struct world *w, struct ct_thread *thr)
{
	for (unsigned n = 0; n < WORLD_POOLS; n++) {
		struct world_pool *pool = &w->pools[n];

		for (unsigned i = 0; pool->pool && i < ADDRS; i++) {
			union ct_addr addr = address_of(n, pool->l3, i);

			ct_nat_pool_remove(thr, pool->pool, &addr);
		}
	}
}

void world_expect_no_pools(const struct world *w)
{
	for (unsigned n = 0; n < WORLD_POOLS; n++)
		for (unsigned i = 0; i < WORLD_NAT_EVENTS; i++)
			if (w->pools[n].open[i])
				fuzz_wrong("something of a pool never ends");
}
