/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Further paths of an association; see sctp_paths.h and docs/sctp.md.
 *
 * What it keeps is the connection's, under its busy lock; the new connection of
 * a path is private when met() writes its tags.
 *
 * An expectation that is not translated has no use for nat_addr: the tags wait
 * there, since the master's own may be locked by somebody else when a path
 * opens.
 */
#include "proto/sctp_paths.h"

#include "proto/sctp_chunk.h"
#include "wire/hdr.h"

#include <string.h>

enum {
	FURTHER = 4, /* addresses of an end, beside the one that we see */
	/* Pairs of two ends' addresses but for the one that is there, and each
	 * is a path that either end may try first. */
	EXPECTED = 2 * ((FURTHER + 1) * (FURTHER + 1) - 1),
	TIMEOUT_S = 7440, /* as long as an open association */
	TYPE_INIT = 1,
	TYPE_INIT_ACK = 2,
	INIT_LEN = 20, /* fixed part, RFC 9260 3.3.2 */
	PARAM_LEN = 4,
	PARAM_IPV4 = 5, /* RFC 9260 3.3.2.1 */
	PARAM_IPV6 = 6
};

/* Addresses of an end: the first one is the one that we see. */
struct addrs {
	union ct_addr at[FURTHER + 1];
	unsigned n;
};

struct paths {
	uint32_t tag; /* that the INIT said; 0: none was seen */
	uint8_t n;
	uint8_t reserved[3];
	union ct_addr further[FURTHER]; /* of who sent it */
};
CT_STATIC_ASSERT(sizeof(struct paths) <= CT_HELPER_STATE_MAX, "fits");

static const struct ct_expect_class classes[] = {
	{ .name = "path", .max = EXPECTED, .timeout_s = TIMEOUT_S },
};

/* --- What a chunk says -------------------------------------------------- */

static void take(struct addrs *addrs, struct ct_cursor value, uint16_t type,
		 uint8_t l3)
{
	union ct_addr addr = { .v4 = 0 };
	size_t len = l3 == CT_L3_IPV4 ? 4 : 16;

	if (type != (l3 == CT_L3_IPV4 ? PARAM_IPV4 : PARAM_IPV6) ||
	    ct_cursor_left(&value) != len || addrs->n > FURTHER)
		return;
	ct_cursor_copy(&value, addr.bytes, len);
	for (unsigned i = 0; i < addrs->n; i++)
		if (memcmp(&addrs->at[i], &addr, sizeof(addr)) == 0)
			return;
	addrs->at[addrs->n++] = addr;
}

/* Behind addrs->at[0], which is there. */
static void read_addrs(struct ct_cursor cur, uint8_t l3, struct addrs *addrs)
{
	while (ct_cursor_left(&cur) >= PARAM_LEN) {
		uint16_t type = ct_cursor_u16(&cur);
		uint16_t len = ct_cursor_u16(&cur);
		size_t left = ct_cursor_left(&cur);
		size_t rest = len - (size_t)PARAM_LEN;

		if (len < PARAM_LEN || rest > left)
			return;
		take(addrs, ct_cursor_of(cur.at, rest), type, l3);
		rest = (rest + 3) / 4 * 4;
		ct_cursor_skip(&cur, rest < left ? rest : left);
	}
}

/* An INIT or INIT ACK, which is alone in its packet. */
struct said {
	uint8_t type;
	uint32_t packet_tag;
	uint32_t tag;
	struct ct_cursor params;
};

/* => False for all other packets. */
static bool read_said(const struct ct_speech *speech, struct said *said)
{
	struct ct_cursor cur = ct_cursor_of(speech->bytes, speech->len);
	size_t left, rest;
	uint16_t len;

	ct_cursor_skip(&cur, CT_SCTP_TAG_OFF);
	said->packet_tag = ct_cursor_u32(&cur);
	ct_cursor_skip(&cur, CT_SCTP_HDR_LEN - CT_SCTP_SUM_OFF);
	said->type = ct_cursor_u8(&cur);
	if (said->type != TYPE_INIT && said->type != TYPE_INIT_ACK)
		return false;
	ct_cursor_skip(&cur, 1);
	len = ct_cursor_u16(&cur);
	said->tag = ct_cursor_u32(&cur);
	ct_cursor_skip(&cur, INIT_LEN - 8);
	if (!ct_cursor_good(&cur) || len < INIT_LEN)
		return false;
	left = ct_cursor_left(&cur);
	rest = len - (size_t)INIT_LEN;
	said->params = ct_cursor_of(cur.at, rest < left ? rest : left);
	return true;
}

/* --- What is expected --------------------------------------------------- */

/* Of a path's HEARTBEAT: it and its answer must have the association's tags. */
static void met(struct ct_thread *thr, struct ct_pkt *pkt,
		const struct ct_expect *exp)
{
	const uint32_t hearts = ct_sctp_bit(CT_SCTP_EV_HEARTBEAT) |
				ct_sctp_bit(CT_SCTP_EV_HEARTBEAT_ACK);
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_sctp *sctp = ct_l4_state(pkt->conn);
	struct ct_sctp_pkt found;

	memcpy(&found, pkt->scratch, sizeof(found));
	if (!(found.events & hearts) || ct_expect_view(thr, exp, &view))
		return;
	for (enum ct_dir dir = CT_DIR_ORIG; dir < CT_DIR_MAX; dir++)
		sctp->tags[dir] = view.def.nat_addr.v6[dir];
}

/* What a path is like, but for its two addresses. */
struct plan {
	struct ct_thread *thr;
	struct ct_conn *master;
	struct ct_expect_def def;
};

static void expect_path(struct plan *plan, const union ct_addr *src,
			const union ct_addr *dst)
{
	plan->def.tuple.src = *src;
	plan->def.tuple.dst = *dst;
	/* Past a limit the path is what it is without us. */
	(void)ct_expect_add(plan->thr, plan->master, &plan->def, NULL);
}

/* From all of these to all of those, but for the association's own path. */
static void expect_paths(struct plan *plan, const struct addrs *from,
			 const struct addrs *to)
{
	for (unsigned i = 0; i < from->n; i++)
		for (unsigned k = 0; k < to->n; k++)
			if (i || k)
				expect_path(plan, &from->at[i], &to->at[k]);
}

static struct plan plan_of(struct ct_thread *thr, struct ct_pkt *pkt,
			   enum ct_dir dir)
{
	struct plan plan = { .thr = thr,
			     .master = pkt->conn,
			     .def = { .size = sizeof(plan.def),
				      .src_id_mask = 0xffff,
				      .flags = CT_EXPECT_PERMANENT |
					       CT_EXPECT_OPTIONAL,
				      .nat = met,
				      .function = "path" } };
	struct ct_tuple orig;

	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(pkt->conn, dir, &plan.def.tuple);
	plan.def.tuple.zone = orig.zone;
	memset(&plan.def.src_mask, 0xff, sizeof(plan.def.src_mask));
	return plan;
}

/* The INIT ACK: both ends' addresses and tags are known. */
static void expect_all(struct ct_thread *thr, struct ct_pkt *pkt,
		       const struct paths *paths, const struct said *said)
{
	enum ct_dir back = pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct plan plan = plan_of(thr, pkt, (enum ct_dir)pkt->dir);
	uint32_t *tags = plan.def.nat_addr.v6;
	struct addrs here = { .at = { plan.def.tuple.src }, .n = 1 };
	struct addrs there = { .at = { plan.def.tuple.dst } };

	read_addrs(said->params, pkt->l3, &here);
	memcpy(&there.at[1], paths->further, sizeof(paths->further));
	there.n = 1 + (unsigned)paths->n;
	tags[CT_DIR_ORIG] = paths->tag;
	tags[CT_DIR_REPLY] = said->tag;
	expect_paths(&plan, &here, &there);
	plan = plan_of(thr, pkt, back);
	tags[CT_DIR_ORIG] = said->tag;
	tags[CT_DIR_REPLY] = paths->tag;
	expect_paths(&plan, &there, &here);
}

static void keep(const struct ct_pkt *pkt, struct paths *paths,
		 const struct said *said)
{
	struct ct_tuple t;
	struct addrs addrs;

	ct_conn_tuple(pkt->conn, (enum ct_dir)pkt->dir, &t);
	addrs = (struct addrs){ .at = { t.src }, .n = 1 };
	read_addrs(said->params, pkt->l3, &addrs);
	paths->tag = said->tag;
	paths->n = (uint8_t)(addrs.n - 1);
	memcpy(paths->further, &addrs.at[1], sizeof(paths->further));
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	const uint32_t nat = CT_S_SRC_NAT | CT_S_DST_NAT;
	struct paths *paths = ct_helper_state(ct_thread_table(thr), pkt->conn);
	struct said said;

	/* Addresses in chunks are not translated, so they lead nowhere. */
	if (pkt->state == CT_INVALID || (ct_conn_status(pkt->conn) & nat) ||
	    !read_said(speech, &said))
		return CT_HELP_OK;
	if (said.type == TYPE_INIT)
		keep(pkt, paths, &said);
	else if (paths->tag && said.packet_tag == paths->tag)
		expect_all(thr, pkt, paths, &said);
	return CT_HELP_OK;
}

const struct ct_helper_ops ct_sctp_paths = {
	.size = sizeof(ct_sctp_paths),
	.name = "sctp-paths",
	.l4 = CT_IPPROTO_SCTP,
	.state_size = sizeof(struct paths),
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(*classes),
	.help = help,
};
