/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * What a carrier's NAT has beyond a pool: events, subscribers, deterministic
 * blocks, static mappings.
 */
#ifndef CONNTRACK_NAT_CGN_H
#define CONNTRACK_NAT_CGN_H

#include <conntrack/nat_pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What happened; the numbers are those of IPFIX's natEvent (RFC 8158). */
enum ct_nat_event_kind {
	CT_NAT_EV_NO_ADDRESS = 3,      /**< the pool has no active address */
	CT_NAT_EV_SESSION = 4,         /**< a connection was confirmed */
	CT_NAT_EV_SESSION_END = 5,     /**< it has gone */
	CT_NAT_EV_MAPPING = 8,         /**< an endpoint got a mapping (BIB) */
	CT_NAT_EV_MAPPING_END = 9,     /**< it has it no more */
	CT_NAT_EV_NO_ID = 12,          /**< no id was free */
	CT_NAT_EV_QUOTA = 13,          /**< a subscriber has all it may have */
	CT_NAT_EV_SUBSCRIBER = 14,     /**< one got an address (binding) */
	CT_NAT_EV_SUBSCRIBER_END = 15, /**< it has it no more */
	CT_NAT_EV_BLOCK = 16,          /**< a subscriber got a block of ids */
	CT_NAT_EV_BLOCK_END = 17,      /**< it has it no more */
	CT_NAT_EV_ALL = 0x3f338        /**< not a kind: the set of all */
};

/** One event.  The library's; it ends with the call.  What an event is not
 * about is zero. */
struct ct_nat_event {
	size_t size;           /**< sizeof(struct ct_nat_event) */
	uint64_t now_ns;       /**< time of the host's clock */
	union ct_addr inside;  /**< sourceIP...Address */
	union ct_addr outside; /**< postNATSourceIP...Address */
	union ct_addr peer;    /**< of a session: destinationIP...Address */
	uint32_t kind;         /**< enum ct_nat_event_kind: natEvent */
	uint32_t quota;        /**< enum ct_nat_quota: natQuotaExceededEvent */
	uint32_t limit;        /**< of the quota */
	uint16_t pool;       /**< natPoolId: 1, 2, ... as pools were made; 0: a
				    range of nat.h */
	uint16_t zone;       /**< of the inside: ingressVRFID */
	uint8_t l3;          /**< CT_L3_* of the inside */
	uint8_t l4;          /**< protocolIdentifier */
	ct_be16 inside_id;   /**< sourceTransportPort */
	ct_be16 outside_id;  /**< postNAPTSourceTransportPort */
	ct_be16 peer_id;     /**< destinationTransportPort */
	uint16_t first_id;   /**< of a block, host order: portRangeStart */
	uint16_t last_id;    /**< of a block, host order: portRangeEnd */
	uint8_t outside_l3;  /**< CT_L3_* of outside and peer: another with
				    NAT64 */
	uint8_t reserved[3]; /**< zero */
};

/**
 * Be told when a range of ct_nat_setup(), ct_nat_masquerade() or
 * ct_nat64_setup() has no id left: NO_ID, of pool 0.  outside is the address
 * that was tried, peer the one towards which its ids are taken.  Pools have
 * their own, ct_nat_pool_config.event.
 *
 * @param tbl   the table, before a thread is attached
 * @param fn    called without a lock by the thread that finds none; NULL: nobody
 * @param user  its first argument
 * @context     any thread
 * @return      0 or CT_E_SEALED
 */
CT_API int ct_nat_watch(struct ct_table *tbl,
			void (*fn)(void *user, const struct ct_nat_event *ev),
			void *user);

/** Which quota; numbers of IPFIX's natQuotaExceededEvent (RFC 8158). */
enum ct_nat_quota {
	CT_NAT_QUOTA_SESSIONS = 1, /**< max_conns of a subscriber */
	CT_NAT_QUOTA_MAPPINGS = 2, /**< max_mappings of a subscriber */
	CT_NAT_QUOTA_RATE = 3      /**< max_rate of a subscriber */
};

/**
 * An event as one line of JSON, without a newline.  docs/nat.md has the names.
 *
 * @param ev   the event
 * @param buf  where to; always NUL-terminated if len > 0
 * @param len  its size; 512 is enough
 * @context    any thread
 * @return     the line's length, or CT_E_NOSPC
 */
CT_API int ct_nat_event_text(const struct ct_nat_event *ev, char *buf,
			     size_t len);

/** The ids of an external address that belong to an inside address. */
struct ct_nat_block {
	size_t size;           /**< sizeof(struct ct_nat_block) */
	union ct_addr inside;  /**< first address of the subscriber */
	union ct_addr outside; /**< the external address */
	uint16_t first_id;     /**< first id, host order */
	uint16_t last_id;      /**< last id */
	uint32_t reserved;     /**< zero */
};

/**
 * Which block an inside address has for good, in a pool with n_fixed.
 *
 * @param pool    the pool
 * @param inside  an inside address
 * @param block   where to; block->size is set by the caller
 * @context       any thread
 * @return        0; CT_E_NOENT when its block is not fixed, or its address not
 *                the pool's; CT_E_VERSION
 */
CT_API int ct_nat_fixed(struct ct_nat_pool *pool, const union ct_addr *inside,
			struct ct_nat_block *block);

/**
 * The inverse: whose an external address and id are, for good.
 *
 * @param pool     the pool
 * @param outside  an external address
 * @param id       an id, host order
 * @param block    where to; block->size is set by the caller
 * @context        any thread
 * @return         0; CT_E_NOENT when they are nobody's for good: then the event
 *                 log knows, see examples/nat-who; CT_E_VERSION
 */
CT_API int ct_nat_fixed_owner(struct ct_nat_pool *pool,
			      const union ct_addr *outside, uint16_t id,
			      struct ct_nat_block *block);

/** A subscriber in numbers. */
struct ct_nat_usage {
	size_t size;          /**< sizeof(struct ct_nat_usage) */
	union ct_addr inside; /**< its first address */
	union ct_addr
		outside;   /**< the external address that it is paired with */
	uint32_t mappings; /**< that it has */
	uint32_t conns;    /**< that it has */
	uint32_t blocks;   /**< that it has */
	uint32_t paired;   /**< 1: outside is set */
};

/**
 * What a subscriber has.
 *
 * In a pool with blocks one whose address is drained or removed begins anew on
 * another, and its quotas with it: then it is what it has there.
 *
 * @param pool    the pool
 * @param inside  one of its addresses
 * @param zone    its zone
 * @param usage   where to; usage->size is set by the caller
 * @context       any thread that is online
 * @return        0; CT_E_NOENT when it has nothing; CT_E_VERSION
 */
CT_API int ct_nat_usage(struct ct_nat_pool *pool, const union ct_addr *inside,
			uint16_t zone, struct ct_nat_usage *usage);

/** An endpoint that is reached from outside for some time (RFC 6887). */
struct ct_nat_static {
	size_t size;           /**< sizeof(struct ct_nat_static) */
	union ct_addr inside;  /**< the inside endpoint */
	union ct_addr outside; /**< external address; all zero: any */
	ct_be16 inside_id;     /**< its port */
	ct_be16 outside_id;    /**< external port; 0: any */
	uint8_t l4;            /**< IPPROTO_*; of a protocol with ports */
	uint8_t reserved;      /**< zero */
	uint16_t zone;         /**< of the inside */
	uint32_t lifetime_s;   /**< seconds from now; 0: for ever */
	uint32_t reserved2;    /**< zero */
};

/**
 * Make a static mapping, or renew the one that the endpoint has.
 *
 * Packets to it pass whatever the filtering behaviour is.  The endpoint's own
 * connections use the mapping as well.  For pools whose mapping depends on
 * nothing.
 *
 * @param thr   the calling thread's handle
 * @param pool  the pool
 * @param map   what is wanted; outside and outside_id say afterwards what it is
 * @context     an online thread, not inside a callback
 * @return      0; CT_E_EXIST when that external endpoint is another's, held for
 *              another or in use by the host (port_in_use), or when the
 *              inside endpoint has another; CT_E_FULL; CT_E_NOENT for an
 *              address that is not the pool's; CT_E_INVAL; CT_E_NOMEM
 */
CT_API int ct_nat_static_add(struct ct_thread *thr, struct ct_nat_pool *pool,
			     struct ct_nat_static *map);

/**
 * End a static mapping.  Connections that use it go on.
 *
 * @param thr   the calling thread's handle
 * @param pool  the pool
 * @param map   inside, inside_id, l4 and zone say which
 * @context     an online thread, not inside a callback
 * @return      0 or CT_E_NOENT
 */
CT_API int ct_nat_static_delete(struct ct_thread *thr, struct ct_nat_pool *pool,
				const struct ct_nat_static *map);

/**
 * Called for each static mapping; lifetime_s is what is left of it.
 *
 * @param user  from ct_nat_static_walk()
 * @param map   the mapping
 * @return      0 to go on
 */
typedef int (*ct_nat_static_fn)(void *user, const struct ct_nat_static *map);

/**
 * Visit the static mappings of a pool.
 *
 * @param thr   the calling thread's handle
 * @param pool  the pool
 * @param fn    called for each, with the pool's lock held: it must not call the
 *              library
 * @param user  its first argument
 * @context     an online thread
 * @return      0, or what fn returned
 */
CT_API int ct_nat_static_walk(struct ct_thread *thr, struct ct_nat_pool *pool,
			      ct_nat_static_fn fn, void *user);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_NAT_CGN_H */
