/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection or an event as one flat JSON object, for JSON Lines.
 *
 * The names are flat (orig_src, reply_dport) and stay as they are; new ones
 * may come.  Unlike the text of conntrack(8), which leaves out what an event
 * did not change, an object says all that is known each time.
 */
#include "text.h"

#include <inttypes.h>
#include <string.h>

#define ADDR_TEXT 46 /* what addr_text() asks for */

struct bit {
	uint32_t bit;
	const char *name;
};

static const struct bit status_names[] = {
	{ CT_S_EXPECTED, "expected" },
	{ CT_S_SEEN_REPLY, "seen_reply" },
	{ CT_S_ASSURED, "assured" },
	{ CT_S_CONFIRMED, "confirmed" },
	{ CT_S_SRC_NAT, "src_nat" },
	{ CT_S_DST_NAT, "dst_nat" },
	{ CT_S_SEQ_ADJUST, "seq_adjust" },
	{ CT_S_SRC_NAT_DONE, "src_nat_done" },
	{ CT_S_DST_NAT_DONE, "dst_nat_done" },
	{ CT_S_DYING, "dying" },
	{ CT_S_FIXED_TIMEOUT, "fixed_timeout" },
	{ CT_S_HELPER, "helper" },
	{ 0, NULL },
};

static const struct bit event_names[] = {
	{ CT_EV_NEW, "new" },         { CT_EV_RELATED, "related" },
	{ CT_EV_DESTROY, "destroy" }, { CT_EV_REPLY, "reply" },
	{ CT_EV_ASSURED, "assured" }, { CT_EV_PROTO, "state" },
	{ CT_EV_HELPER, "helper" },   { CT_EV_MARK, "mark" },
	{ CT_EV_LABEL, "labels" },    { 0, NULL },
};

/* --- Members ------------------------------------------------------------ */

/* The name of the next member; prefix is "", "orig_" or "reply_". */
static void put_key(struct ct_line *line, const char *prefix, const char *name)
{
	ct_line_put(line, "%s\"%s%s\":",
		    line->len && line->buf[line->len - 1] == '{' ? "" : ",",
		    prefix, name);
}

static void put_text(struct ct_line *line, const char *prefix, const char *name,
		     const char *text)
{
	put_key(line, prefix, name);
	ct_line_quote(line, text);
}

static void put_number(struct ct_line *line, const char *prefix,
		       const char *name, uint64_t number)
{
	put_key(line, prefix, name);
	ct_line_put(line, "%" PRIu64, number);
}

static void put_bits(struct ct_line *line, const char *name, uint32_t bits,
		     const struct bit *names)
{
	const char *comma = "";

	put_key(line, "", name);
	ct_line_put(line, "[");
	for (; names->name; names++) {
		if (!(bits & names->bit))
			continue;
		ct_line_put(line, "%s\"%s\"", comma, names->name);
		comma = ",";
	}
	ct_line_put(line, "]");
}

/* --- Groups of members -------------------------------------------------- */

static void put_event(struct ct_line *line, const struct ct_shown *shown)
{
	const struct ct_event_info *ev = shown->ev;

	put_text(line, "", "event", ct_shown_event(shown));
	put_number(line, "", "event_time_ns", ev->now_ns);
	put_bits(line, "changes", ev->events, event_names);
	if (ct_shown_end(shown))
		put_text(line, "", "reason", ct_reason_text(ev->reason)->name);
}

static void put_protocol(struct ct_line *line, const struct ct_shown *shown)
{
	const struct ct_l3_ops *orig = shown->l3[CT_DIR_ORIG];
	const struct ct_l3_ops *reply = shown->l3[CT_DIR_REPLY];

	put_text(line, "", "family", orig ? orig->name : "unknown");
	if (reply != orig)
		put_text(line, "reply_", "family",
			 reply ? reply->name : "unknown");
	put_text(line, "", "protocol", ct_shown_l4(shown));
	put_number(line, "", "protocol_number", shown->tuple[CT_DIR_ORIG].l4);
}

static void put_ids(struct ct_line *line, const struct ct_shown *shown,
		    enum ct_dir dir, const char *prefix)
{
	const unsigned src = ct_shown_id(shown->tuple[dir].src_id);
	const unsigned dst = ct_shown_id(shown->tuple[dir].dst_id);

	switch ((enum ct_ids)shown->l4[dir]->ids) {
	case CT_IDS_PORTS:
		put_number(line, prefix, "sport", src);
		put_number(line, prefix, "dport", dst);
		break;
	case CT_IDS_ICMP:
		put_number(line, prefix, "type", dst >> 8);
		put_number(line, prefix, "code", dst & 0xff);
		put_number(line, prefix, "icmp_id", src);
		break;
	case CT_IDS_KEYS:
		put_number(line, prefix, "srckey", src);
		put_number(line, prefix, "dstkey", dst);
		break;
	case CT_IDS_NONE:
		break;
	}
}

static void put_direction(struct ct_line *line, const struct ct_shown *shown,
			  enum ct_dir dir)
{
	const char *prefix = dir == CT_DIR_ORIG ? "orig_" : "reply_";
	const struct ct_tuple *t = &shown->tuple[dir];
	const struct ct_l3_ops *l3 = shown->l3[dir];
	char text[ADDR_TEXT];

	if (l3) {
		l3->addr_text(&t->src, text);
		put_text(line, prefix, "src", text);
		l3->addr_text(&t->dst, text);
		put_text(line, prefix, "dst", text);
	}
	put_ids(line, shown, dir, prefix);
	if (shown->counted) {
		put_number(line, prefix, "packets",
			   shown->counter[dir].packets);
		put_number(line, prefix, "bytes", shown->counter[dir].bytes);
	}
}

static void put_zones(struct ct_line *line, const struct ct_shown *shown)
{
	const struct ct_shown_zones zones = ct_shown_zones(shown);

	if (zones.same) {
		put_number(line, "", "zone", zones.both);
		return;
	}
	put_number(line, "orig_", "zone", zones.orig);
	put_number(line, "reply_", "zone", zones.reply);
}

/* As a number in hex, label 0 being its lowest bit. */
static void put_labels(struct ct_line *line, const struct ct_shown *shown)
{
	static const uint8_t none[sizeof(shown->labels)];

	if (!memcmp(shown->labels, none, sizeof(none)))
		return;
	put_key(line, "", "labels");
	ct_line_put(line, "\"");
	for (size_t i = sizeof(shown->labels); i-- > 0;)
		ct_line_put(line, "%02x", shown->labels[i]);
	ct_line_put(line, "\"");
}

static void put_times(struct ct_line *line, const struct ct_shown *shown)
{
	if (!shown->timed)
		return;
	put_number(line, "", "start_ns", shown->start_ns);
	if (shown->stop_ns)
		put_number(line, "", "stop_ns", shown->stop_ns);
}

void ct_json_write(struct ct_line *line, const struct ct_shown *shown)
{
	ct_line_put(line, "{");
	if (shown->ev)
		put_event(line, shown);
	put_protocol(line, shown);
	if (!ct_shown_end(shown) || shown->timeout)
		put_number(line, "", "timeout", shown->timeout);
	if (shown->state)
		put_text(line, "", "state", shown->state);
	put_direction(line, shown, CT_DIR_ORIG);
	put_direction(line, shown, CT_DIR_REPLY);
	put_bits(line, "status", shown->status, status_names);
	put_number(line, "", "mark", shown->mark);
	put_zones(line, shown);
	put_labels(line, shown);
	put_times(line, shown);
	put_number(line, "", "id", shown->id);
	ct_line_put(line, "}");
}
