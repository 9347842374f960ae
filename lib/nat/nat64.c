/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nat64.c - ct_nat64_setup(): a mapping to the other network layer
 *
 * As setup.c does for one end; but one end's address follows from the packet's
 * own by the prefix, and the other end's is chosen, both at once.
 */
#include <conntrack/nat64.h>

#include "core/reply.h"
#include "core/table.h"
#include "nat/pick.h"
#include "nat/setup.h"
#include "wire/pref64.h"

static bool is_good(const struct ct_nat64 *nat64)
{
	return ct_pref64_good(&nat64->prefix, nat64->prefix_len);
}

static bool has(const struct ct_nat64 *nat64, const union ct_addr *v6)
{
	return ct_pref64_has(&nat64->prefix, nat64->prefix_len, v6);
}

/* => The caller's prefix, if it is one. */
static int take_nat64(struct ct_nat64 *nat64, const struct ct_nat64 *caller)
{
	int error = ct_sized_copy(nat64, sizeof(*nat64), caller);

	if (error)
		return error;
	return is_good(nat64) ? 0 : CT_E_INVAL;
}

int ct_nat64_embed(const struct ct_nat64 *caller, const union ct_addr *v4,
		   union ct_addr *v6)
{
	struct ct_nat64 nat64;
	int error = take_nat64(&nat64, caller);

	if (error)
		return error;
	ct_pref64_embed(&nat64.prefix, nat64.prefix_len, v4, v6);
	return 0;
}

int ct_nat64_extract(const struct ct_nat64 *caller, const union ct_addr *v6,
		     union ct_addr *v4)
{
	struct ct_nat64 nat64;
	int error = take_nat64(&nat64, caller);

	if (error)
		return error;
	if (!has(&nat64, v6))
		return CT_E_NOENT;
	ct_pref64_extract(nat64.prefix_len, v6, v4);
	return 0;
}

/* --- The mapping -------------------------------------------------------- */

static int take_range(struct ct_nat_range *range,
		      const struct ct_nat_range *caller)
{
	int error = caller ? ct_sized_copy(range, sizeof(*range), caller)
			   : CT_E_INVAL;

	if (error)
		return error;
	if (!ct_range_good(range) || !(range->flags & CT_NAT_ADDR) ||
	    (range->flags & (CT_NAT_NETMAP | CT_NAT_NPT)))
		return CT_E_INVAL;
	return 0;
}

/* The well-known prefix is for addresses that everybody may use (RFC 6052
 * 3.1). */
static bool may_stand(const struct ct_table *tbl, const struct ct_nat64 *nat64,
		      const union ct_addr *v4)
{
	return !ct_pref64_well_known(&nat64->prefix, nat64->prefix_len) ||
	       ct_core_param(tbl, CT_P_NAT64_PRIVATE) || ct_ipv4_global(v4);
}

/* Protocol and ids over the other layer. */
static bool convert(const struct ct_table *tbl, const struct ct_tuple *orig,
		    struct ct_tuple *now)
{
	const struct ct_l4_ops *ops = ct_registry_l4(tbl, orig->l4);

	if (ops->convert && !ops->convert(orig, now))
		return false;
	if (ops->twin)
		now->l4 = ops->twin;
	ops = ct_registry_l4(tbl, now->l4);
	/* What nobody knows has a checksum that nobody puts right. */
	return ops->rewrite || ops->cross;
}

/*
 * What the packet leaves as, but for the address that the range gives: in its
 * place is the one at hand, from which it is chosen.
 *
 * => 0; CT_E_RANGE when it must not be translated.
 */
static int from_v6(const struct ct_table *tbl, const struct ct_nat64 *nat64,
		   const struct ct_tuple *orig, struct ct_tuple *now)
{
	if (!has(nat64, &orig->dst))
		return CT_E_INVAL;
	now->l3 = CT_L3_IPV4;
	ct_pref64_extract(nat64->prefix_len, &orig->dst, &now->dst);
	/* It would come back for ever (RFC 6146 3.5). */
	if (has(nat64, &orig->src) || !may_stand(tbl, nat64, &now->dst))
		return CT_E_RANGE;
	return 0;
}

static int from_v4(const struct ct_table *tbl, const struct ct_nat64 *nat64,
		   const struct ct_tuple *orig, struct ct_tuple *now)
{
	now->l3 = CT_L3_IPV6;
	ct_pref64_embed(&nat64->prefix, nat64->prefix_len, &orig->src,
			&now->src);
	return may_stand(tbl, nat64, &orig->src) ? 0 : CT_E_RANGE;
}

static int go_over(const struct ct_table *tbl, const struct ct_nat64 *nat64,
		   struct ct_pick *pick)
{
	uint8_t l3 = pick->orig.l3;
	int error = CT_E_RANGE;

	if (l3 == CT_L3_IPV6)
		error = from_v6(tbl, nat64, &pick->orig, &pick->now);
	else if (l3 == CT_L3_IPV4)
		error = from_v4(tbl, nat64, &pick->orig, &pick->now);
	if (error)
		return error;
	pick->end = l3 == CT_L3_IPV6 ? CT_NAT_SRC : CT_NAT_DST;
	if (!convert(tbl, &pick->orig, &pick->now))
		return CT_E_RANGE;
	pick->ops = ct_registry_l4(tbl, pick->now.l4);
	return 0;
}

/* => False when there is no memory; its tuples are as they were. */
static bool adopt(const struct ct_pick *pick, struct ct_conn *conn,
		  const struct ct_tuple *leave, uint8_t prefix_len)
{
	struct ct_tuple reply;

	if (!ct_l4_invert(pick->ops, leave, &reply) ||
	    !ct_setup_source(pick, conn, leave))
		return false;
	if (!ct_conn_reply_set(pick->thr, conn, &reply)) {
		ct_mapping_put(pick->thr, &pick->orig, leave);
		return false;
	}
	ct_outside_enter(pick->thr, conn, leave->l3, &leave->src);
	ct_conn_far(conn)->prefix_len = prefix_len;
	ct_conn_set(conn, CT_S_SRC_NAT | CT_S_DST_NAT | CT_S_SRC_NAT_DONE |
				  CT_S_DST_NAT_DONE);
	return true;
}

static int refuse(struct ct_thread *thr, struct ct_pkt *pkt, int error)
{
	if (error == CT_E_RANGE)
		ct_nat_tell(thr, pkt, CT_R_NAT_UNTRANSLATABLE);
	return error;
}

/* => Its connection can still get a mapping. */
static int may_choose(const struct ct_conn *conn)
{
	uint32_t status = conn ? ct_conn_word(conn) : CT_S_DYING;

	if (status & (CT_S_CONFIRMED | CT_S_DYING))
		return CT_E_NOENT;
	return status & (CT_S_SRC_NAT_DONE | CT_S_DST_NAT_DONE) ? CT_E_EXIST
								: 0;
}

int ct_nat64_setup(struct ct_thread *thr, struct ct_pkt *pkt,
		   const struct ct_nat64 *caller,
		   const struct ct_nat_range *caller_range)
{
	struct ct_conn *conn = pkt->conn;
	struct ct_nat_range range;
	struct ct_pick pick = { .thr = thr, .conn = conn, .range = &range };
	struct ct_nat64 nat64;
	struct ct_tuple reply, leave;
	int error = may_choose(conn);

	if (!error)
		error = take_nat64(&nat64, caller);
	if (!error)
		error = take_range(&range, caller_range);
	if (error)
		return error;
	ct_conn_tuple(conn, CT_DIR_ORIG, &pick.orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	pick.now = pick.orig;
	pick.now.zone = reply.zone;
	error = go_over(thr->tbl, &nat64, &pick);
	if (error)
		return refuse(thr, pkt, error);
	error = ct_pick(&pick, &leave);
	if (!adopt(&pick, conn, &leave, nat64.prefix_len))
		return CT_E_NOMEM;
	return error ? ct_setup_full(&pick, pkt, &leave) : 0;
}
