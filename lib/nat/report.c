/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - tell the host what happened in a pool, or with a range
 */
#include "nat/report.h"

#include "base/line.h"
#include "core/table.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

void ct_report(const struct ct_thread *thr, const struct ct_nat_pool *pool,
	       struct ct_nat_event *ev)
{
	if (!ct_report_wanted(pool, (enum ct_nat_event_kind)ev->kind))
		return;
	ev->size = sizeof(*ev);
	ev->now_ns = thr->now_ns;
	ev->pool = pool->number;
	ev->l3 = pool->cfg.l3;
	ev->outside_l3 = ev->l3;
	pool->cfg.event(pool->cfg.user, ev);
}

void ct_report_mapping(const struct ct_thread *thr, enum ct_nat_event_kind kind,
		       const struct ct_mapping *map,
		       const struct ct_tuple *peer)
{
	const struct ct_nat_pool *pool = ct_pool_of(thr->tbl, map->pool);
	struct ct_nat_event ev;

	if (ct_likely(!ct_report_wanted(pool, kind)))
		return;
	ev = (struct ct_nat_event){ .kind = kind };
	ev.inside = map->inside;
	ev.inside_id = map->inside_id;
	ct_pool_address(pool, map->address, &ev.outside);
	ev.outside_id = map->outside_id;
	ev.l4 = map->l4;
	ev.zone = map->zone;
	if (peer) {
		ev.peer = peer->dst;
		ev.peer_id = peer->dst_id;
	}
	ct_report(thr, pool, &ev);
}

int ct_nat_watch(struct ct_table *tbl,
		 void (*fn)(void *user, const struct ct_nat_event *ev),
		 void *user)
{
	if (ct_sealed(tbl))
		return CT_E_SEALED;
	tbl->nat_watch = fn;
	tbl->nat_watch_user = user;
	return 0;
}

void ct_report_full(const struct ct_pick *pick, const struct ct_tuple *leave)
{
	const struct ct_table *tbl = pick->thr->tbl;
	struct ct_nat_event ev = {
		.size = sizeof(ev),
		.kind = CT_NAT_EV_NO_ID,
		.now_ns = pick->thr->now_ns,
		.inside = pick->orig.src,
		.inside_id = pick->orig.src_id,
		.outside = leave->src,
		.peer = leave->dst,
		.peer_id = leave->dst_id,
		.zone = pick->orig.zone,
		.l3 = pick->orig.l3,
		.l4 = pick->orig.l4,
		.outside_l3 = leave->l3,
	};

	if (tbl->nat_watch)
		tbl->nat_watch(tbl->nat_watch_user, &ev);
}

/* --- Text --------------------------------------------------------------- */

static const char *name_of(uint32_t kind)
{
	static const char *const names[] = {
		[CT_NAT_EV_NO_ADDRESS] = "NO_ADDRESS",
		[CT_NAT_EV_SESSION] = "SESSION",
		[CT_NAT_EV_SESSION_END] = "SESSION_END",
		[CT_NAT_EV_MAPPING] = "MAPPING",
		[CT_NAT_EV_MAPPING_END] = "MAPPING_END",
		[CT_NAT_EV_NO_ID] = "NO_ID",
		[CT_NAT_EV_QUOTA] = "QUOTA",
		[CT_NAT_EV_SUBSCRIBER] = "SUBSCRIBER",
		[CT_NAT_EV_SUBSCRIBER_END] = "SUBSCRIBER_END",
		[CT_NAT_EV_BLOCK] = "BLOCK",
		[CT_NAT_EV_BLOCK_END] = "BLOCK_END",
	};

	if (kind >= sizeof(names) / sizeof(names[0]) || !names[kind])
		return "UNKNOWN";
	return names[kind];
}

static void put_addr(struct ct_line *line, const char *name, uint8_t l3,
		     const union ct_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(l3 == CT_L3_IPV4 ? AF_INET : AF_INET6, addr, text,
		  sizeof(text));
	ct_line_put(line, ",\"%s\":", name);
	ct_line_quote(line, text);
}

static void put_number(struct ct_line *line, const char *name, uint32_t number)
{
	ct_line_put(line, ",\"%s\":%" PRIu32, name, number);
}

static bool is_refusal(const struct ct_nat_event *ev)
{
	return ev->kind == CT_NAT_EV_NO_ADDRESS ||
	       ev->kind == CT_NAT_EV_NO_ID || ev->kind == CT_NAT_EV_QUOTA;
}

/* A refusal has it where one address was asked, not a whole pool. */
static bool has_outside(const struct ct_nat_event *ev)
{
	static const union ct_addr none;

	return !is_refusal(ev) ||
	       memcmp(&ev->outside, &none, sizeof(none)) != 0;
}

static bool has_ids(const struct ct_nat_event *ev)
{
	return ev->kind >= CT_NAT_EV_SESSION &&
	       ev->kind <= CT_NAT_EV_MAPPING_END;
}

/* Ranges run out of ids towards a peer, pools altogether. */
static bool has_peer(const struct ct_nat_event *ev)
{
	return ev->kind == CT_NAT_EV_SESSION ||
	       ev->kind == CT_NAT_EV_SESSION_END ||
	       (ev->kind == CT_NAT_EV_NO_ID && !ev->pool);
}

static void put_ends(struct ct_line *line, const struct ct_nat_event *ev)
{
	put_addr(line, "inside", ev->l3, &ev->inside);
	if (has_outside(ev))
		put_addr(line, "outside", ev->outside_l3, &ev->outside);
	if (has_ids(ev)) {
		put_number(line, "inside_id", ntohs(ev->inside_id));
		put_number(line, "outside_id", ntohs(ev->outside_id));
	}
	if (has_peer(ev)) {
		put_addr(line, "peer", ev->outside_l3, &ev->peer);
		put_number(line, "peer_id", ntohs(ev->peer_id));
	}
}

int ct_nat_event_text(const struct ct_nat_event *ev, char *buf, size_t len)
{
	struct ct_line line = ct_line_of(buf, len);

	ct_line_put(&line,
		    "{\"nat_event\":\"%s\",\"nat_event_number\":%" PRIu32
		    ",\"event_time_ns\":%" PRIu64,
		    name_of(ev->kind), ev->kind, ev->now_ns);
	put_number(&line, "pool", ev->pool);
	put_number(&line, "zone", ev->zone);
	if (ev->l4)
		put_number(&line, "protocol_number", ev->l4);
	put_ends(&line, ev);
	if (ev->kind == CT_NAT_EV_BLOCK || ev->kind == CT_NAT_EV_BLOCK_END) {
		put_number(&line, "first_id", ev->first_id);
		put_number(&line, "last_id", ev->last_id);
	}
	if (ev->kind == CT_NAT_EV_QUOTA) {
		put_number(&line, "quota", ev->quota);
		put_number(&line, "limit", ev->limit);
	}
	ct_line_put(&line, "}");
	return ct_line_end(&line);
}
