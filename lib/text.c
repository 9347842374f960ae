/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections and events as lines of text, to the letter as conntrack(8) and
 * /proc/net/nf_conntrack write them:
 *
 *	[NEW] ipv4 2 tcp 6 120 SYN_SENT ORIG [UNREPLIED] REPLY [ASSURED] mark=
 *	event l3     l4    timeout state                        zone= use= ...
 *
 * Everything is first gathered with the readers of a connection (text.h), then
 * written; JSON has its own writer in json.c.
 */
#include "text.h"

#include "core/conn.h"
#include "core/registry.h"
#include "core/table.h"

#include <string.h>

#define NS_PER_S     1000000000u
#define ADDR_TEXT    46 /* what addr_text() asks for */
#define USE_LIST     1  /* references that conntrack -L shows */
#define USE_PROC     2  /* in /proc: one more, its own */
#define EV_BEGINNING (CT_EV_NEW | CT_EV_RELATED)

/* --- What is to be shown ------------------------------------------------ */

bool ct_shown_end(const struct ct_shown *shown)
{
	return shown->ev && (shown->ev->events & CT_EV_DESTROY);
}

const char *ct_shown_event(const struct ct_shown *shown)
{
	if (ct_shown_end(shown))
		return "DESTROY";
	return shown->ev->events & EV_BEGINNING ? "NEW" : "UPDATE";
}

const char *ct_shown_l4(const struct ct_shown *shown)
{
	const struct ct_l4_ops *l4 = shown->l4[CT_DIR_ORIG];

	return l4->l4 == CT_L4_GENERIC ? "unknown" : l4->name;
}

unsigned ct_shown_id(ct_be16 id)
{
	uint8_t bytes[2];

	memcpy(bytes, &id, sizeof(bytes));
	return (unsigned)bytes[0] << 8 | bytes[1];
}

struct ct_shown_zones ct_shown_zones(const struct ct_shown *shown)
{
	struct ct_shown_zones zones = {
		.orig = shown->tuple[CT_DIR_ORIG].zone,
		.reply = shown->tuple[CT_DIR_REPLY].zone,
	};

	if (zones.orig == zones.reply) {
		zones.both = zones.orig;
		zones.orig = zones.reply = 0;
		zones.same = true;
	}
	return zones;
}

/* What was left of the timeout of a connection that is being told to have
 * ended: the deadline stays until that is done, see core/event.h. */
static uint32_t seconds_unspent(const struct ct_thread *thr,
				const struct ct_conn *conn)
{
	int32_t left = ct_ticks_until(
		atomic_load_explicit(&conn->timeout, memory_order_relaxed),
		thr->now);

	return left > 0 ? (uint32_t)left / CT_TICKS_PER_S : 0;
}

static void gather(struct ct_shown *shown, const struct ct_thread *thr,
		   const struct ct_conn *conn, const struct ct_event_info *ev)
{
	const struct ct_table *tbl = ct_thread_table(thr);

	memset(shown, 0, sizeof(*shown));
	shown->ev = ev;
	for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++) {
		const struct ct_tuple *t = &shown->tuple[dir];

		ct_conn_tuple(conn, dir, &shown->tuple[dir]);
		shown->l3[dir] = ct_registry_l3(tbl, t->l3);
		shown->l4[dir] = ct_registry_l4(tbl, t->l4);
		shown->counted =
			!ct_conn_counter(tbl, conn, dir, &shown->counter[dir]);
	}
	shown->state = ct_conn_state_name(tbl, conn);
	shown->timed =
		!ct_conn_times(tbl, conn, &shown->start_ns, &shown->stop_ns);
	shown->now_ns = ev ? ev->now_ns : thr->now_ns;
	shown->id = ct_conn_id(tbl, conn);
	shown->status = ct_conn_status(conn);
	shown->timeout = ct_shown_end(shown) ? seconds_unspent(thr, conn)
					     : ct_conn_expires(thr, conn);
	shown->mark = ct_conn_mark(conn);
	ct_conn_labels(tbl, conn, shown->labels);
}

/* --- The parts of a line, in order -------------------------------------- */

static void put_name(struct ct_line *line, const char *name, unsigned number)
{
	ct_line_put(line, "%-8s %u ", name, number);
}

static void put_l3(struct ct_line *line, const struct ct_shown *shown)
{
	const struct ct_l3_ops *l3 = shown->l3[CT_DIR_ORIG];

	if (l3)
		put_name(line, l3->name, l3->family);
	else
		put_name(line, "unknown", shown->tuple[CT_DIR_ORIG].l3);
}

/* An end that came before its time shows how much of that was left. */
static void put_timeout(struct ct_line *line, const struct ct_shown *shown)
{
	if (!ct_shown_end(shown) || shown->timeout)
		ct_line_put(line, "%u ", shown->timeout);
}

/* An update shows the state if that is what changed. */
static void put_state(struct ct_line *line, const struct ct_shown *shown)
{
	const uint32_t telling = EV_BEGINNING | CT_EV_DESTROY | CT_EV_PROTO;

	if (shown->state && (!shown->ev || (shown->ev->events & telling)))
		ct_line_put(line, "%s ", shown->state);
}

void ct_text_addr(struct ct_line *line, const struct ct_l3_ops *l3,
		  const char *name, const union ct_addr *addr)
{
	char text[ADDR_TEXT] = "?";

	if (l3)
		l3->addr_text(addr, text);
	ct_line_put(line, "%s=%s ", name, text);
}

/* As /proc has it: eight groups of four digits, nothing left out. */
static void put_addr_long(struct ct_line *line, const char *name,
			  const union ct_addr *addr)
{
	ct_line_put(line, "%s=", name);
	for (unsigned i = 0; i < sizeof(addr->bytes); i += 2)
		ct_line_put(line, "%s%02x%02x", i ? ":" : "", addr->bytes[i],
			    addr->bytes[i + 1]);
	ct_line_put(line, " ");
}

void ct_text_ids(struct ct_line *line, enum ct_ids ids,
		 const struct ct_tuple *t)
{
	const unsigned src = ct_shown_id(t->src_id);
	const unsigned dst = ct_shown_id(t->dst_id);

	switch (ids) {
	case CT_IDS_PORTS:
		ct_line_put(line, "sport=%u dport=%u ", src, dst);
		break;
	case CT_IDS_ICMP:
		ct_line_put(line, "type=%u code=%u id=%u ", dst >> 8,
			    dst & 0xff, src);
		break;
	case CT_IDS_KEYS:
		ct_line_put(line, "srckey=0x%x dstkey=0x%x ", src, dst);
		break;
	case CT_IDS_NONE:
		break;
	}
}

static void put_tuple(struct ct_line *line, const struct ct_shown *shown,
		      enum ct_dir dir, enum ct_text_style style)
{
	const struct ct_tuple *t = &shown->tuple[dir];

	if (style == CT_TEXT_PROC && t->l3 == CT_L3_IPV6) {
		put_addr_long(line, "src", &t->src);
		put_addr_long(line, "dst", &t->dst);
	} else {
		ct_text_addr(line, shown->l3[dir], "src", &t->src);
		ct_text_addr(line, shown->l3[dir], "dst", &t->dst);
	}
	ct_text_ids(line, (enum ct_ids)shown->l4[dir]->ids, t);
}

static void put_zone(struct ct_line *line, const char *name, uint16_t zone)
{
	if (zone)
		ct_line_put(line, "%s=%u ", name, zone);
}

/* Of events, only the end brings the sums. */
static void put_counter(struct ct_line *line, const struct ct_shown *shown,
			enum ct_dir dir)
{
	const struct ct_counter *counter = &shown->counter[dir];

	if (shown->counted && (!shown->ev || ct_shown_end(shown)))
		ct_line_put(line, "packets=%llu bytes=%llu ",
			    (unsigned long long)counter->packets,
			    (unsigned long long)counter->bytes);
}

static void put_mark(struct ct_line *line, const struct ct_shown *shown)
{
	if (!shown->ev || shown->mark || (shown->ev->events & CT_EV_MARK))
		ct_line_put(line, "mark=%u ", shown->mark);
}

static void put_age(struct ct_line *line, const struct ct_shown *shown)
{
	uint64_t end = shown->stop_ns ? shown->stop_ns : shown->now_ns;

	if (!shown->timed || (shown->ev && !ct_shown_end(shown)))
		return;
	if (end < shown->start_ns)
		end = shown->start_ns;
	ct_line_put(line, "delta-time=%llu ",
		    (unsigned long long)((end - shown->start_ns) / NS_PER_S));
}

static void put_line(struct ct_line *line, const struct ct_shown *shown,
		     enum ct_text_style style)
{
	const struct ct_shown_zones zones = ct_shown_zones(shown);

	if (style != CT_TEXT_LIST)
		put_l3(line, shown);
	put_name(line, ct_shown_l4(shown), shown->tuple[CT_DIR_ORIG].l4);
	put_timeout(line, shown);
	put_state(line, shown);

	put_tuple(line, shown, CT_DIR_ORIG, style);
	put_zone(line, "zone-orig", zones.orig);
	put_counter(line, shown, CT_DIR_ORIG);
	if (!(shown->status & CT_S_SEEN_REPLY))
		ct_line_put(line, "[UNREPLIED] ");

	put_tuple(line, shown, CT_DIR_REPLY, style);
	put_zone(line, "zone-reply", zones.reply);
	put_counter(line, shown, CT_DIR_REPLY);
	if (shown->status & CT_S_ASSURED)
		ct_line_put(line, "[ASSURED] ");

	put_mark(line, shown);
	if (style == CT_TEXT_PROC && zones.same && !zones.both)
		ct_line_put(line, "zone=0 ");
	put_zone(line, "zone", zones.both);
	put_age(line, shown);
	if (!shown->ev)
		ct_line_put(line, "use=%d ",
			    style == CT_TEXT_PROC ? USE_PROC : USE_LIST);
}

/* --- Public ------------------------------------------------------------- */

int ct_conn_text(const struct ct_thread *thr, const struct ct_conn *conn,
		 enum ct_text_style style, char *buf, size_t len)
{
	struct ct_line line = ct_line_of(buf, len);
	struct ct_shown shown;

	gather(&shown, thr, conn, NULL);
	if (style == CT_TEXT_JSON)
		ct_json_write(&line, &shown);
	else
		put_line(&line, &shown, style);
	return ct_line_end(&line);
}

int ct_event_text(const struct ct_event_info *ev, enum ct_text_style style,
		  char *buf, size_t len)
{
	struct ct_line line = ct_line_of(buf, len);
	struct ct_shown shown;

	if (style == CT_TEXT_PROC)
		return CT_E_INVAL;
	if (ev->exp) {
		ct_text_expect(&line, ev, style == CT_TEXT_JSON);
		return ct_line_end(&line);
	}
	gather(&shown, ev->thr, ev->conn, ev);
	if (style == CT_TEXT_JSON) {
		ct_json_write(&line, &shown);
		return ct_line_end(&line);
	}
	/* As wide as "[DESTROY]". */
	ct_line_put(&line, "%*s[%s] ", 7 - (int)strlen(ct_shown_event(&shown)),
		    "", ct_shown_event(&shown));
	put_line(&line, &shown, style);
	return ct_line_end(&line);
}
