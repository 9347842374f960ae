/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup.c - ct_nat_setup(): the mapping of a new connection
 *
 * The connection is private, and so is its reply tuple.  What the packet leaves
 * as, the inverse of the reply tuple, is changed at one end; the reply tuple
 * then is the inverse of that.
 */
#include "nat/setup.h"

#include "core/reply.h"
#include "core/table.h"
#include "nat/binding.h"
#include "nat/npt.h"
#include "nat/pick.h"
#include "nat/quick.h"
#include "nat/report.h"

static uint32_t done_bit(enum ct_nat_end end)
{
	return end == CT_NAT_SRC ? CT_S_SRC_NAT_DONE : CT_S_DST_NAT_DONE;
}

static uint32_t changed_bit(enum ct_nat_end end)
{
	return end == CT_NAT_SRC ? CT_S_SRC_NAT : CT_S_DST_NAT;
}

/* The range of a null mapping: the address at hand. */
static void range_of_none(struct ct_nat_range *range, struct ct_tuple *now,
			  enum ct_nat_end end)
{
	range->flags = CT_NAT_ADDR;
	range->min_addr = *ct_range_addr(now, end);
	range->max_addr = range->min_addr;
}

static int take_npt(struct ct_nat_range *range, struct ct_pick *pick)
{
	if (pick->now.l3 != CT_L3_IPV6 || !ct_npt_good(range))
		return CT_E_INVAL;
	return ct_npt_map(range, ct_range_addr(&pick->now, pick->end))
		       ? 0
		       : CT_E_RANGE;
}

/* => The caller's range, as one that ct_pick() understands. */
static int take_range(struct ct_nat_range *range,
		      const struct ct_nat_range *caller, struct ct_pick *pick)
{
	int error;

	*range = (struct ct_nat_range){ .size = sizeof(*range) };
	if (!caller) {
		range_of_none(range, &pick->now, pick->end);
		return 0;
	}
	error = ct_sized_copy(range, sizeof(*range), caller);
	if (error)
		return error;
	if (!ct_range_good(range))
		return CT_E_INVAL;
	/* A rule for ports does not mean these. */
	if ((pick->ops->flags & CT_L4_NAT_TOLD) &&
	    !(ct_conn_word(pick->conn) & CT_S_EXPECTED))
		range->flags &= ~(uint32_t)CT_NAT_IDS;
	if (range->flags & CT_NAT_NETMAP)
		ct_range_map(range, ct_range_addr(&pick->now, pick->end));
	if (range->flags & CT_NAT_NPT)
		return take_npt(range, pick);
	return 0;
}

/* => False when there is no memory; its tuples are as they were. */
static bool adopt(const struct ct_pick *pick, struct ct_conn *conn,
		  const struct ct_tuple *leave)
{
	bool source = pick->end == CT_NAT_SRC;
	struct ct_tuple reply;

	if (!ct_l4_invert(pick->ops, leave, &reply) ||
	    (source && !ct_setup_source(pick, conn, leave)))
		return false;
	if (!ct_conn_reply_set(pick->thr, conn, &reply)) {
		if (source)
			ct_mapping_put(pick->thr, &pick->orig, leave);
		return false;
	}
	if (source)
		ct_outside_enter(pick->thr, conn, leave->l3, &leave->src);
	ct_conn_set(conn, changed_bit(pick->end));
	return true;
}

void ct_nat_tell(struct ct_thread *thr, struct ct_pkt *pkt,
		 enum ct_reason reason)
{
	pkt->reason = (uint16_t)reason;
	ct_count(thr, reason);
	if (ct_traced(thr))
		ct_trace(thr, "nat", "%s", ct_reason_text(reason)->text);
}

int ct_setup_refuse(struct ct_thread *thr, struct ct_pkt *pkt,
		    enum ct_reason reason, int error)
{
	ct_nat_tell(thr, pkt, reason);
	return error;
}

int ct_setup_full(const struct ct_pick *pick, struct ct_pkt *pkt,
		  const struct ct_tuple *leave)
{
	ct_report_full(pick, leave);
	return ct_setup_refuse(pick->thr, pkt, CT_R_NAT_EXHAUSTED, CT_E_FULL);
}

static int choose(struct ct_pick *pick, struct ct_pkt *pkt)
{
	struct ct_conn *conn = pkt->conn;
	struct ct_tuple leave;
	int full = ct_pick(pick, &leave);

	if (!ct_tuple_equal(&leave, &pick->now) && !adopt(pick, conn, &leave))
		return CT_E_NOMEM;
	ct_conn_set(conn, done_bit(pick->end));
	return ct_likely(!full) ? 0 : ct_setup_full(pick, pkt, &leave);
}

int ct_setup_open(struct ct_thread *thr, const struct ct_pkt *pkt,
		  enum ct_nat_end end, struct ct_pick *pick)
{
	struct ct_tuple reply;
	uint32_t status;

	pick->thr = thr;
	pick->conn = pkt->conn;
	pick->range = NULL;
	pick->end = end;
	if (!pkt->conn)
		return CT_E_NOENT;
	status = ct_conn_word(pkt->conn);
	if (status & (CT_S_CONFIRMED | CT_S_DYING))
		return CT_E_NOENT;
	if (status & done_bit(end))
		return CT_E_EXIST;
	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &pick->orig);
	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &reply);
	pick->ops = ct_registry_l4(thr->tbl, reply.l4);
	return ct_l4_invert(pick->ops, &reply, &pick->now) ? 0 : CT_E_INVAL;
}

bool ct_setup_source(const struct ct_pick *pick, struct ct_conn *conn,
		     const struct ct_tuple *leave)
{
	return ct_outside_room(pick->thr, leave->l3, &leave->src) &&
	       ct_binding_room(pick->thr, conn) &&
	       ct_mapping_take(pick->thr, &pick->orig, leave);
}

void ct_setup_done(struct ct_conn *conn, enum ct_nat_end end)
{
	ct_conn_set_own(conn, done_bit(end) | changed_bit(end));
}

int ct_nat_setup(struct ct_thread *thr, struct ct_pkt *pkt, enum ct_nat_end end,
		 const struct ct_nat_range *caller)
{
	struct ct_nat_range range;
	struct ct_pick pick;
	int error;

	if (ct_likely(caller && end == CT_NAT_SRC && pkt->conn) &&
	    ct_likely(ct_quick_setup(thr, pkt->conn, caller)))
		return 0;
	error = ct_setup_open(thr, pkt, end, &pick);
	if (error)
		return error;
	pick.range = &range;
	error = take_range(&range, caller, &pick);
	if (error == CT_E_RANGE)
		ct_nat_tell(thr, pkt, CT_R_NAT_UNTRANSLATABLE);
	return error ? error : choose(&pick, pkt);
}

int ct_nat_masquerade(struct ct_thread *thr, struct ct_pkt *pkt,
		      const union ct_addr *addr,
		      const struct ct_nat_range *caller)
{
	struct ct_nat_range range = { .size = sizeof(range) };
	int error = 0;

	if (caller)
		error = ct_sized_copy(&range, sizeof(range), caller);
	if (error)
		return error;
	range.flags = (range.flags | CT_NAT_ADDR) & ~(uint32_t)CT_NAT_NETMAP;
	range.min_addr = *addr;
	range.max_addr = *addr;
	return ct_nat_setup(thr, pkt, CT_NAT_SRC, &range);
}
