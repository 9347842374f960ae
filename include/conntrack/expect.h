/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Expectations: connections that are announced before their first packet.
 *
 * A master connection says, in its own words, where another one will come from
 * and go to: a helper (helper.h) hears it, or the host does, a proxy that
 * handles the set-up of a call and lets the media pass.  A new connection that
 * fits an expectation is CT_RELATED, has CT_S_EXPECTED set, and inherits its
 * master's mark.
 *
 * An expectation ends when it was met, unless it is permanent; when its time is
 * over; when it is removed; and with its master.
 */
#ifndef CONNTRACK_EXPECT_H
#define CONNTRACK_EXPECT_H

#include <conntrack/nat.h>
#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ct_expect; /* one expectation */

/** Bits of ct_expect_def.flags; the first three have Linux' numbers. */
enum ct_expect_flag {
	CT_EXPECT_PERMANENT = 1u << 0, /**< stays when it was met */
	CT_EXPECT_INACTIVE = 1u
			     << 1, /**< matches nothing, for the time being */
	CT_EXPECT_USERSPACE = 1u << 2, /**< the host's: not limited by a
					    helper's classes */
	CT_EXPECT_NAT = 1u << 3, /**< nat_* say how what comes is translated */
	CT_EXPECT_OPTIONAL = 1u
			     << 4 /**< may use half of `expect.max`, so that it
				       never takes the others' place */
};

/**
 * Gives an expected connection its mapping.
 *
 * Called once, when the connection is new and private; it may call
 * ct_nat_setup() for both ends.
 *
 * @param thr  the calling thread's handle
 * @param pkt  the first packet; pkt->conn is the new connection
 * @param exp  the expectation that it met, already out of the table unless
 *             permanent; ends with the call
 */
typedef void (*ct_expect_nat_fn)(struct ct_thread *thr, struct ct_pkt *pkt,
				 const struct ct_expect *exp);

/** What is expected.  Zero is "not said". */
struct ct_expect_def {
	size_t size; /**< sizeof(struct ct_expect_def) */
	/** The first packet's tuple, as it arrives, before any translation.
	 * Its destination, protocols and zone count wholly; the zone is the one
	 * that was chosen for the packet, be it for one direction only.  A
	 * helper's has its master's, ct_conn_zone(). */
	struct ct_tuple tuple;
	union ct_addr src_mask; /**< bits of the source address that count */
	ct_be16 src_id_mask;    /**< bits of the source id that count */
	uint8_t class_;         /**< of the master's helper, from 0 */
	uint8_t nat_dir; /**< CT_EXPECT_NAT: enum ct_dir, the master's, in which
			      what comes travels */
	uint32_t flags;  /**< enum ct_expect_flag */
	uint32_t timeout_s;     /**< seconds; 0: the class's, or 300 */
	ct_be16 nat_id;         /**< CT_EXPECT_NAT: the id it is really for */
	uint16_t reserved;      /**< zero */
	union ct_addr nat_addr; /**< CT_EXPECT_NAT: the address likewise */
	/** NULL: ct_expect_nat_follow(), with CT_EXPECT_NAT only.  Another one
	 * is called without that, too: it may have more to do. */
	ct_expect_nat_fn nat;
	/** The helper that the expected connection gets, by name; NULL:
	 * none. */
	const char *helper;
	/** A word for what NAT does, as conntrack(8) prints it ("function");
	 * a constant; NULL: that of nat. */
	const char *function;
};

/**
 * Expect a connection.
 *
 * An equal one of the same master and class takes the place of the old one;
 * one that might be met by the same packets as another's is refused.  When a
 * class has as many as it may, its oldest gives way, as Linux does.
 * Expectations of a master that is not confirmed yet enter the table with it.
 *
 * @param thr     the calling thread's handle
 * @param master  a borrowed or owned connection
 * @param def     what is expected; copied
 * @param exp     set to the expectation, borrowed; or NULL
 * @context       an online thread that may use master; inside a helper, too
 * @return        0; CT_E_EXIST when it could be taken for another one;
 *                CT_E_FULL past `expect.max`, or half of it; CT_E_NOENT when the
 *                master has ended, or for an unknown helper; CT_E_NOMEM;
 *                CT_E_INVAL; CT_E_VERSION
 */
CT_API int ct_expect_add(struct ct_thread *thr, struct ct_conn *master,
			 const struct ct_expect_def *def,
			 struct ct_expect **exp);

/**
 * Expect it no longer.
 *
 * @param thr  the calling thread's handle
 * @param exp  a borrowed expectation
 * @context    an online thread; inside a helper, too
 * @return     0, or CT_E_NOENT when it had ended before
 */
CT_API int ct_expect_remove(struct ct_thread *thr, struct ct_expect *exp);

/**
 * Let an inactive one match, and give it another lifetime.
 *
 * @param thr        the calling thread's handle
 * @param exp        a borrowed expectation
 * @param timeout_s  seconds from now; 0: ct_expect_remove()
 * @context          an online thread; inside a helper, too
 * @return           0, or CT_E_NOENT when it had ended before
 */
CT_API int ct_expect_refresh(struct ct_thread *thr, struct ct_expect *exp,
			     uint32_t timeout_s);

/**
 * The expectation that a packet with this tuple would meet.
 *
 * @param thr    the calling thread's handle
 * @param tuple  a packet's, with the zone that was chosen for it
 * @context      an online thread
 * @return       borrowed until this thread's next poll; NULL when there is none
 */
CT_API struct ct_expect *ct_expect_find(struct ct_thread *thr,
					const struct ct_tuple *tuple);

/**
 * Shown one expectation.
 *
 * @param user  from the walk's caller
 * @param exp   borrowed for the length of the call; it may be removed or
 *              refreshed
 * @return      false to stop the walk
 */
typedef bool (*ct_expect_fn)(void *user, struct ct_expect *exp);

/**
 * Walk over the expectations of one master, oldest first, or of all.
 *
 * @param thr     the calling thread's handle
 * @param master  a borrowed or owned connection, or NULL for all masters, in no
 *                order
 * @param fn      called for each, under no lock
 * @param user    its first argument
 * @context       an online thread; inside a helper, too
 */
CT_API void ct_expect_walk(struct ct_thread *thr, struct ct_conn *master,
			   ct_expect_fn fn, void *user);

/** An expectation, as it is now. */
struct ct_expect_view {
	size_t size;              /**< sizeof(struct ct_expect_view) */
	struct ct_expect_def def; /**< as it was added; timeout_s: what is left,
					helper and function as text */
	struct ct_conn *master;   /**< borrowed */
	const char *master_helper; /**< the name of the master's, or NULL */
	uint64_t id;               /**< no other of this table has had it */
};

/**
 * Read an expectation.
 *
 * @param thr   the calling thread's handle, for the time
 * @param exp   a borrowed expectation
 * @param view  filled in; its size is set by the caller
 * @context     an online thread that may use exp
 * @return      0 or CT_E_VERSION
 */
CT_API int ct_expect_view(const struct ct_thread *thr,
			  const struct ct_expect *exp,
			  struct ct_expect_view *view);

/**
 * The mapping that most helpers want: what comes is sent on to where nat_addr
 * and nat_id say, and seems to come from whom the master's peers know.
 *
 * @param thr  as in ct_expect_nat_fn
 * @param pkt  as in ct_expect_nat_fn
 * @param exp  as in ct_expect_nat_fn
 */
CT_API void ct_expect_nat_follow(struct ct_thread *thr, struct ct_pkt *pkt,
				 const struct ct_expect *exp);

/**
 * The connection that announced this one.
 *
 * @param tbl   its table
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      its master, which lives as long as conn does; NULL for one that
 *              nobody expected
 */
CT_API struct ct_conn *ct_conn_master(const struct ct_table *tbl,
				      const struct ct_conn *conn);

/**
 * The name of a connection's helper.
 *
 * @param tbl   its table
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      a constant of the table's, or NULL
 */
CT_API const char *ct_conn_helper(const struct ct_table *tbl,
				  const struct ct_conn *conn);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_EXPECT_H */
