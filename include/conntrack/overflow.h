/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Overflow: who stays when there is no room for all.
 *
 * A newcomer that finds the table full meets, in this order: the limits of its
 * zone and source, the headroom of its class, a bounded search for a connection
 * that is worth less than it, and, if there is none, the overflow verdict.  The
 * parameters overflow.* say how; docs/overflow.md explains it.
 */
#ifndef CONNTRACK_OVERFLOW_H
#define CONNTRACK_OVERFLOW_H

#include <conntrack/packet.h>
#include <conntrack/reason.h>
#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who goes: values of the parameter overflow.policy. */
enum ct_overflow_policy {
	CT_OVERFLOW_SCORED, /**< who is worth least, if less than the newcomer */
	CT_OVERFLOW_LINUX,  /**< as Linux' early drop: nobody assured */
	CT_OVERFLOW_LRU,    /**< who has been idle longest, of a sample */
	CT_OVERFLOW_RANDOM, /**< anybody */
	CT_OVERFLOW_REFUSE, /**< nobody: the newcomer is refused */
	CT_OVERFLOW_POLICIES
};

/** What happens to a newcomer for which there is no room: values of the
 * parameter overflow.verdict, and of ct_policy_def.overflow. */
enum ct_overflow_verdict {
	CT_OVERFLOW_DEFAULT,   /**< of a policy: as the parameter says */
	CT_OVERFLOW_DROP,      /**< it is dropped */
	CT_OVERFLOW_REJECT,    /**< dropped; a TCP RST or an ICMP error goes to
				    its sender, by ct_host.emit, no oftener
				    than overflow.reject.rate */
	CT_OVERFLOW_UNTRACKED, /**< it passes as CT_UNTRACKED; but a client
				    that the SYN proxy has answered is
				    dropped */
	CT_OVERFLOW_STATELESS, /**< the same, translated without state; only
				    where a prefix is mapped 1:1, see
				    ct_overflow_prefix(), refused before */
	CT_OVERFLOW_CALLBACK,  /**< ct_overflow_ops.refused() decides */
	CT_OVERFLOW_VERDICTS
};

/* --- Classes ------------------------------------------------------------ */

/** Classes of connections: ct_policy_def.class_, ct_conn_class_set(). */
enum { CT_CLASSES = 16 };

/** Bits of ct_class_def.flags. */
enum ct_class_flag {
	CT_CLASS_KEEP =
		1u << 0, /**< goes only for its own class, unproven first */
	CT_CLASS_PROBE = 1u << 1 /**< idle ones are probed before they go */
};

/** What a class means. */
struct ct_class_def {
	size_t size;      /**< sizeof(struct ct_class_def) */
	uint32_t reserve; /**< connections of the limit that only this class
			       may use: headroom for the control plane */
	uint32_t flags;   /**< enum ct_class_flag */
	uint8_t rank;     /**< 0 to 3: of two equal ones the higher one stays,
			       and newcomers take nobody's place of a higher one */
	uint8_t reserved[3]; /**< zero */
	uint32_t soft;       /**< soft age in seconds, at most 65535; 0: the
			       parameter overflow.soft */
};

/**
 * Say what a class means.
 *
 * @param tbl     the table
 * @param class_  its number, below CT_CLASSES; 0 is everybody's
 * @param def     what it means; copied
 * @context       any thread
 * @return        0; CT_E_RANGE for a number or a reserve beyond the limit;
 *                CT_E_INVAL; CT_E_VERSION
 */
CT_API int ct_class_define(struct ct_table *tbl, unsigned class_,
			   const struct ct_class_def *def);

/**
 * A connection's class.
 *
 * @param conn  a borrowed or owned connection
 * @context     any thread that may use conn
 * @return      its class; of one that has ended, 0
 */
CT_API unsigned ct_conn_class(const struct ct_conn *conn);

/**
 * Set a connection's class.
 *
 * @param thr     the calling thread's handle
 * @param conn    a borrowed or owned connection
 * @param class_  below CT_CLASSES
 * @context       an online thread that may use conn
 * @return        0; CT_E_RANGE; CT_E_NOENT when it has ended
 */
CT_API int ct_conn_class_set(struct ct_thread *thr, struct ct_conn *conn,
			     unsigned class_);

/* --- Zones -------------------------------------------------------------- */

/**
 * Limit a zone, or guarantee it room.
 *
 * @param tbl   the table
 * @param zone  the original direction's
 * @param min   connections that others may not take from it; 0: none
 * @param max   connections that it may have; 0: no limit
 * @context     any thread
 * @return      0; CT_E_RANGE when the guarantees exceed the table's limit;
 *              CT_E_FULL past 256 zones with limits; CT_E_NOMEM
 */
CT_API int ct_zone_limit(struct ct_table *tbl, uint16_t zone, uint32_t min,
			 uint32_t max);

/* --- A policy of one's own ---------------------------------------------- */

/** What is known about a candidate, or a newcomer. */
struct ct_worth {
	size_t size;      /**< sizeof(struct ct_worth) */
	uint32_t idle_ms; /**< since its last packet, to a second; 0 of a
				   newcomer */
	uint32_t soft_s;  /**< the idleness up to which it is not recycled
				   lightly */
	uint32_t hard_s;  /**< the one at which it ends */
	uint16_t source;  /**< share of the table that its source prefix
				   holds, of 65535; estimated */
	uint16_t zone; /**< the share of its zone likewise, if that has limits
			       (ct_zone_limit()); else 0 */
	uint8_t state; /**< its tracker's ct_l4_ops.evict_score() */
	uint8_t activity; /**< 0 to 15: how often it was seen lately */
	uint8_t class_;   /**< its class */
	uint8_t nat;      /**< 1: it is translated, so that its loss cannot be
				   made good by picking it up again */
	uint8_t score;    /**< what the built-in policy makes of it */
	uint8_t reserved[7]; /**< zero */
};

/** A policy: any function may be NULL, the built-in one then serves. */
struct ct_overflow_ops {
	size_t size;      /**< sizeof(struct ct_overflow_ops) */
	const char *name; /**< for reports */
	void *user;       /**< passed back as the first argument */
	/** What a newcomer is worth, 0 to 255.  Foreign bytes in pkt. */
	uint8_t (*value)(void *user, struct ct_thread *thr,
			 const struct ct_pkt *pkt, const struct ct_tuple *t,
			 const struct ct_worth *worth);
	/** What a candidate is worth, 0 to 255; it is not locked. */
	uint8_t (*score)(void *user, struct ct_thread *thr,
			 const struct ct_conn *conn,
			 const struct ct_worth *worth);
	/** The verdict CT_OVERFLOW_CALLBACK: any other enum
	 * ct_overflow_verdict but CT_OVERFLOW_DEFAULT and itself;
	 * CT_OVERFLOW_STATELESS where no prefix is mapped drops. */
	enum ct_overflow_verdict (*refused)(void *user, struct ct_thread *thr,
					    struct ct_pkt *pkt,
					    enum ct_reason reason);
};

/**
 * Take the place of the built-in policy, where overflow.policy is
 * CT_OVERFLOW_SCORED.
 *
 * @param tbl  the table
 * @param ops  must outlive the table; its functions run under no lock, on
 *             packet threads, and may only read connections
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_VERSION; CT_E_INVAL
 */
CT_API int ct_overflow_register(struct ct_table *tbl,
				const struct ct_overflow_ops *ops);

/**
 * The prefix mapping that CT_OVERFLOW_STATELESS translates by: of each inside
 * address exactly one outside, ids stay.
 *
 * Comes before the verdict is asked for, which is refused as long as there is
 * no such mapping.  Fragments are translated as any packet, and so are ICMP
 * errors about what passed by a prefix within the last two minutes.
 *
 * @param tbl      the table
 * @param l3       CT_L3_IPV4 or CT_L3_IPV6
 * @param inside   the inside prefix
 * @param outside  the outside prefix
 * @param bits     of both
 * @context        any thread, before the first attach
 * @return         0; CT_E_SEALED; CT_E_REFUSED when the prefixes do not map
 *                 1:1, or overlap; CT_E_FULL past 8; CT_E_NOMEM; CT_E_INVAL
 */
CT_API int ct_overflow_prefix(struct ct_table *tbl, uint8_t l3,
			      const union ct_addr *inside,
			      const union ct_addr *outside, uint8_t bits);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_OVERFLOW_H */
