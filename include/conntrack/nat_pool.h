/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Pools: external addresses that many inside endpoints share, by the RFCs.
 *
 *	ct_nat_pool_create(), ct_nat_pool_add()
 *	packets from inside:   ct_nat_pool_setup() in place of ct_nat_setup(SRC)
 *	packets from outside:  ct_nat_inbound() in place of ct_nat_setup(DST)
 *
 * A range of nat.h does as Linux does; a pool does as RFC 4787, 5382, 5508,
 * 6888 and 7857 ask for, and never looks for a free port by trial.  Subscribers,
 * port blocks, quotas, events and static mappings are in nat_cgn.h.
 */
#ifndef CONNTRACK_NAT_POOL_H
#define CONNTRACK_NAT_POOL_H

#include <conntrack/nat.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ct_nat_pool; /* external addresses of one family */
struct ct_nat_event;

/** On how much of the peer something depends (RFC 4787 4.1, 5). */
enum ct_nat_dependence {
	CT_NAT_ON_NOTHING,     /**< endpoint independent */
	CT_NAT_ON_ADDRESS,     /**< address dependent */
	CT_NAT_ON_ADDRESS_PORT /**< address and port dependent */
};

/** Bits of ct_nat_pool_config.flags. */
enum ct_nat_pool_flag {
	/** An id serves several mappings whose peers differ (RFC 7857 3), but
	 * for announced_ids.  Not with a mapping that depends on nothing. */
	CT_POOL_OVERLOAD = 1u << 0,
	/** Any address will do: a host may get several (RFC 4787 4.1). */
	CT_POOL_UNPAIRED = 1u << 1,
	/** A host whose address has no id left gets no other (RFC 7857 4). */
	CT_POOL_STRICT = 1u << 2,
	/** Keep the id, if it is free. */
	CT_POOL_KEEP_ID = 1u << 3,
	/** Ids below 1024 stay below, if there are any (RFC 4787 REQ-3). */
	CT_POOL_KEEP_CLASS = 1u << 4,
	/** Odd ids stay odd, if there are any (RFC 4787 REQ-4). */
	CT_POOL_PARITY = 1u << 5,
	/** With parity: an odd id is that of its even neighbour, plus one, if
	 * that is free; even ones are chosen so that it is. */
	CT_POOL_CONTIGUITY = 1u << 6
};

/** What a pool is like.  Zero is what RFC 6888 recommends. */
struct ct_nat_pool_config {
	size_t size;         /**< sizeof(struct ct_nat_pool_config) */
	uint32_t flags;      /**< enum ct_nat_pool_flag */
	uint8_t l3;          /**< CT_L3_*; 0: IPv4 */
	uint8_t mapping;     /**< enum ct_nat_dependence */
	uint8_t filtering;   /**< enum ct_nat_dependence */
	uint8_t reserved;    /**< zero */
	uint16_t min_id;     /**< first id; 0: 1024 */
	uint16_t max_id;     /**< last id; 0: 65535 */
	uint32_t max_addrs;  /**< addresses at most, up to 4096; 0: 64 */
	uint32_t hold_s;     /**< seconds before an id is given to another; it
				    may take a third longer (RFC 6888 REQ-8).
				    Overloaded ones are not held, but for those
				    that were announced */
	uint32_t block_ids;  /**< ids that a subscriber gets at once, for every
				    protocol (RFC 6431); 0: one by one */
	uint32_t max_blocks; /**< of a subscriber, up to 8; 0: 1 */
	uint32_t max_mappings; /**< of a subscriber; 0: no limit */
	uint32_t max_conns;    /**< of a subscriber; 0: no limit */
	uint32_t max_rate;     /**< new connections of a subscriber in a second,
				    which begins with the first of them; 0: no
				    limit */
	uint32_t prefix_len;   /**< bits of an inside address that make a
				    subscriber; 0: all */
	uint32_t events;       /**< set of 1 << enum ct_nat_event_kind */
	uint32_t n_fixed;      /**< inside addresses from fixed_first on whose
				    first block follows from the address (RFC
				    7422); 0: none */
	uint32_t spare_blocks; /**< with n_fixed: blocks of each address kept
				    for those whose first one is used up */
	union ct_addr fixed_first; /**< with n_fixed */

	/** Whether somebody else uses a port, a socket of the host's perhaps.
	 * May be NULL.  Asked before a port is given out, without a lock
	 * but a helper's when that announces it (helper.h). */
	bool (*port_in_use)(void *user, uint8_t l4, const union ct_addr *addr,
			    uint16_t id);
	/** Told of events, see nat_cgn.h; may be NULL.  Without a lock, but for
	 * one that only packets of a helper's connection take. */
	void (*event)(void *user, const struct ct_nat_event *ev);
	void *user; /**< first argument of both */
	/** Of overloaded ids so many, the last ones, have one mapping each, and
	 * are given only to what helpers announce (helper.h); 0: a sixteenth. */
	uint32_t announced_ids;
	uint32_t reserved2; /**< zero */
};

/**
 * Make a pool, without an address yet.  It lives as long as the table.
 *
 * @param tbl   the table
 * @param cfg   what it is like; copied
 * @param pool  set to it
 * @context     any thread
 * @return      0; CT_E_INVAL for what makes no sense; CT_E_FULL: 64 pools are
 *              enough; CT_E_NOMEM; CT_E_VERSION
 */
CT_API int ct_nat_pool_create(struct ct_table *tbl,
			      const struct ct_nat_pool_config *cfg,
			      struct ct_nat_pool **pool);

/**
 * Add addresses; those that are there already become active again.
 *
 * @param pool   the pool
 * @param first  the first of them
 * @param last   the last, or NULL: one
 * @context      any thread; takes the pool's lock
 * @return       0; CT_E_INVAL; CT_E_FULL when there are more than max_addrs;
 *               CT_E_NOMEM.  Those before the one that failed have been added.
 */
CT_API int ct_nat_pool_add(struct ct_nat_pool *pool, const union ct_addr *first,
			   const union ct_addr *last);

/**
 * Give no mapping on an address any more; those that there are go on.
 *
 * Subscribers get their next mappings, and blocks, on other addresses.
 *
 * ct_nat_pool_add() makes it active again.
 *
 * @param pool  the pool
 * @param addr  the address
 * @context     any thread; takes the pool's lock
 * @return      0 or CT_E_NOENT
 */
CT_API int ct_nat_pool_drain(struct ct_nat_pool *pool,
			     const union ct_addr *addr);

/**
 * Take an address away, and end the connections that use it.
 *
 * The time it takes depends on their number, not on that of others.
 *
 * @param thr   the calling thread's handle
 * @param pool  the pool
 * @param addr  the address
 * @context     an online thread, not inside a callback; delivers DESTROY
 * @return      how many connections were ended, or CT_E_NOENT
 */
CT_API int64_t ct_nat_pool_remove(struct ct_thread *thr,
				  struct ct_nat_pool *pool,
				  const union ct_addr *addr);

/**
 * Never give out some ids; those that are in use go on.
 *
 * @param pool   the pool
 * @param first  the first of them, host order
 * @param last   the last
 * @context      any thread; takes the pool's lock
 * @return       0 or CT_E_INVAL
 */
CT_API int ct_nat_pool_exclude(struct ct_nat_pool *pool, uint16_t first,
			       uint16_t last);

/**
 * Choose the mapping of a packet's new connection, for its source.
 *
 * As ct_nat_setup() with CT_NAT_SRC, but from a pool: an inside endpoint that
 * has a mapping keeps it, as far as the pool's mapping behaviour says so.
 *
 * When none can be had the connection is as it was.  A host that lets such a
 * packet go on sends it untranslated, unless nat.leak_proof is 1.
 *
 * @param thr   the calling thread's handle
 * @param pkt   a packet that ct_process() opened a connection for
 * @param pool  the pool
 * @context     an online thread; takes locks of chains and of one map of ports,
 *              delivers the pool's events.  May end a finished connection
 *              whose id is needed, and so deliver its DESTROY.
 * @return      0; CT_E_FULL when no id is free (NAT_EXHAUSTED) or the
 *              subscriber has all that it may have (NAT_QUOTA); CT_E_NOENT when
 *              the pool has no address, or the packet no new connection;
 *              CT_E_EXIST when it was chosen before; CT_E_INVAL for another
 *              family; CT_E_NOMEM
 */
CT_API int ct_nat_pool_setup(struct ct_thread *thr, struct ct_pkt *pkt,
			     struct ct_nat_pool *pool);

/**
 * Send a new connection to a pool's address on to the inside endpoint whose
 * mapping that is, if the pool's filtering behaviour lets it.
 *
 * For packets from outside, and for those from inside that are sent to an
 * external address (hairpinning: the host then chooses their source from the
 * pool as well).  Connections that inside endpoints opened are found by
 * ct_process(), and need no help.
 *
 * @param thr   the calling thread's handle
 * @param pkt   a packet that ct_process() opened a connection for, at
 *              PREROUTING
 * @param pool  the pool
 * @context     an online thread; takes locks as ct_nat_pool_setup()
 * @return      0; CT_E_NOENT when no mapping is there, the address is not the
 *              pool's or the packet has no new connection; CT_E_REFUSED when
 *              the filter does not let it in (NAT_FILTERED) or the subscriber
 *              has all the connections that it may have (NAT_QUOTA);
 *              CT_E_EXIST; CT_E_NOMEM
 */
CT_API int ct_nat_inbound(struct ct_thread *thr, struct ct_pkt *pkt,
			  struct ct_nat_pool *pool);

/** An external address in numbers. */
struct ct_nat_gauge {
	size_t size;       /**< sizeof(struct ct_nat_gauge) */
	uint64_t mappings; /**< now */
	uint64_t made;     /**< mappings, ever */
	uint32_t ids;      /**< that it has for the protocol; of those that are
				excluded only what is used still */
	uint32_t free;     /**< of them; without overloading only */
	uint32_t held;     /**< of them, waiting to be free again */
	uint32_t active;   /**< 1: mappings are given on it */
};

/**
 * How an external address is used by a protocol.
 *
 * @param pool   the pool
 * @param addr   the address
 * @param l4     IPPROTO_*
 * @param gauge  where to; gauge->size is set by the caller
 * @context      any thread
 * @return       0, CT_E_NOENT, CT_E_VERSION
 */
CT_API int ct_nat_pool_gauge(struct ct_nat_pool *pool,
			     const union ct_addr *addr, uint8_t l4,
			     struct ct_nat_gauge *gauge);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_NAT_POOL_H */
