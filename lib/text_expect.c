/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An expectation's event as a line of text, to the letter as conntrack(8) has
 * it:
 *
 *	[NEW] timeout proto= EXPECTED MASK MASTER [zone=] [flags] class= helper=
 *
 * or as one flat JSON object.
 */
#include "text.h"

#include "core/registry.h"
#include "core/table.h"

#include <conntrack/expect.h>
#include <inttypes.h>
#include <string.h>

/* What a line says. */
struct expected {
	const struct ct_event_info *ev;
	struct ct_expect_view view;
	struct ct_tuple mask;   /* a destination counts wholly */
	struct ct_tuple master; /* the original direction's */
	const struct ct_l3_ops *l3;
	const struct ct_l4_ops *l4;
};

static const char *event_name(const struct expected *exp)
{
	return exp->ev->events & CT_EV_EXPECT_DESTROY ? "DESTROY" : "NEW";
}

static void gather(struct expected *exp, const struct ct_event_info *ev)
{
	const struct ct_table *tbl = ct_thread_table(ev->thr);
	const struct ct_expect_def *def = &exp->view.def;

	memset(exp, 0, sizeof(*exp));
	exp->ev = ev;
	exp->view.size = sizeof(exp->view);
	ct_expect_view(ev->thr, ev->exp, &exp->view);
	exp->mask.src = def->src_mask;
	exp->mask.src_id = def->src_id_mask;
	memset(&exp->mask.dst, 0xff,
	       def->tuple.l3 == CT_L3_IPV6 ? sizeof(exp->mask.dst)
					   : sizeof(exp->mask.dst.v4));
	exp->mask.dst_id = 0xffff;
	ct_conn_tuple(exp->view.master, CT_DIR_ORIG, &exp->master);
	exp->l3 = ct_registry_l3(tbl, def->tuple.l3);
	exp->l4 = ct_registry_l4(tbl, def->tuple.l4);
}

/* --- As conntrack(8) has it --------------------------------------------- */

static void put_ends(struct ct_line *line, const struct expected *exp,
		     const struct ct_tuple *t, const char *const names[2])
{
	ct_text_addr(line, exp->l3, names[0], &t->src);
	ct_text_addr(line, exp->l3, names[1], &t->dst);
	ct_text_ids(line, (enum ct_ids)exp->l4->ids, t);
}

static void put_flags(struct ct_line *line, uint32_t flags)
{
	static const char *const names[] = { "PERMANENT", "INACTIVE",
					     "USERSPACE" };
	const char *comma = "";

	for (uint32_t i = 0; i < 3; i++) {
		if (!(flags & 1u << i))
			continue;
		ct_line_put(line, "%s%s", comma, names[i]);
		comma = ",";
	}
	if (*comma)
		ct_line_put(line, " ");
}

static void put_line(struct ct_line *line, const struct expected *exp)
{
	static const char *const ends[] = { "src", "dst" };
	static const char *const masks[] = { "mask-src", "mask-dst" };
	static const char *const masters[] = { "master-src", "master-dst" };
	const struct ct_expect_def *def = &exp->view.def;
	const char *name = event_name(exp);

	ct_line_put(line, "%*s[%s] ", 7 - (int)strlen(name), "", name);
	ct_line_put(line, "%u proto=%u ", def->timeout_s, def->tuple.l4);
	put_ends(line, exp, &def->tuple, ends);
	put_ends(line, exp, &exp->mask, masks);
	put_ends(line, exp, &exp->master, masters);
	if (def->tuple.zone)
		ct_line_put(line, "zone=%u ", def->tuple.zone);
	put_flags(line, def->flags);
	ct_line_put(line, "class=%u ", def->class_);
	if (exp->view.master_helper)
		ct_line_put(line, "helper=%s ", exp->view.master_helper);
}

/* --- As JSON ------------------------------------------------------------- */

static void put_json_addr(struct ct_line *line, const struct expected *exp,
			  const char *name, const union ct_addr *addr)
{
	char text[46] = "?"; /* what addr_text() asks for */

	if (exp->l3)
		exp->l3->addr_text(addr, text);
	ct_line_put(line, ",\"%s\":\"%s\"", name, text);
}

static void put_json(struct ct_line *line, const struct expected *exp)
{
	const struct ct_expect_def *def = &exp->view.def;
	const uint64_t master =
		ct_conn_id(ct_thread_table(exp->ev->thr), exp->view.master);

	ct_line_put(line, "{\"event\":\"EXPECT_%s\",\"event_time_ns\":%" PRIu64,
		    event_name(exp), exp->ev->now_ns);
	ct_line_put(line, ",\"family\":\"%s\",\"protocol\":\"%s\"",
		    exp->l3 ? exp->l3->name : "unknown",
		    exp->l4->l4 == CT_L4_GENERIC ? "unknown" : exp->l4->name);
	ct_line_put(line, ",\"protocol_number\":%u,\"timeout\":%u",
		    def->tuple.l4, def->timeout_s);
	put_json_addr(line, exp, "src", &def->tuple.src);
	put_json_addr(line, exp, "dst", &def->tuple.dst);
	ct_line_put(line, ",\"src_id\":%u,\"dst_id\":%u",
		    ct_shown_id(def->tuple.src_id),
		    ct_shown_id(def->tuple.dst_id));
	put_json_addr(line, exp, "mask_src", &def->src_mask);
	ct_line_put(line, ",\"mask_src_id\":%u,\"zone\":%u,\"class\":%u",
		    ct_shown_id(def->src_id_mask), def->tuple.zone,
		    def->class_);
	if (exp->view.master_helper) {
		ct_line_put(line, ",\"helper\":");
		ct_line_quote(line, exp->view.master_helper);
	}
	ct_line_put(line, ",\"id\":%" PRIu64 ",\"master\":%" PRIu64 "}",
		    exp->view.id, master);
}

void ct_text_expect(struct ct_line *line, const struct ct_event_info *ev,
		    bool json)
{
	struct expected exp;

	gather(&exp, ev);
	if (json)
		put_json(line, &exp);
	else
		put_line(line, &exp);
}
