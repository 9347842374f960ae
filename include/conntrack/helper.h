/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Helpers: what understands a protocol that announces other connections.
 *
 * A helper is a constant struct, registered before the first attach.  It never
 * attaches by itself: a packet's policy names it (ct_policy_def.helper), or the
 * expectation that a connection met.  ct_confirm() shows it the payload of each
 * packet that the tracker thought good, after NAT's address translation:
 *
 *	find the command -> read the address -> expect -> rewrite
 */
#ifndef CONNTRACK_HELPER_H
#define CONNTRACK_HELPER_H

#include <conntrack/conntrack.h>
#include <conntrack/cursor.h>
#include <conntrack/expect.h>
#include <conntrack/param.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A kind of expectation that a helper makes, and its limits. */
struct ct_expect_class {
	const char *name;   /**< "data" */
	uint16_t max;       /**< of one master at a time; 0: no limit */
	uint16_t reserved;  /**< zero */
	uint32_t timeout_s; /**< how long one waits, in seconds */
};

/** Bytes of ct_helper_state(). */
#define CT_HELPER_STATE_MAX 96

/** Bits of ct_helper_ops.flags. */
enum ct_helper_flag {
	CT_HELPER_STREAM = 1u << 0 /**< over TCP: may be shown the stream in
					order, if parameter helper.stream is on */
};

/**
 * What a packet says.
 *
 * bytes[0, len) is the payload.  With the in-order view of a stream it may
 * begin with bytes of earlier packets, which have been sent on: these come
 * first, fresh of them, and can be read but not replaced.
 */
struct ct_speech {
	const uint8_t *bytes; /**< what is said; changes with a replacement */
	uint32_t len;         /**< how many */
	uint32_t fresh;       /**< where this packet's own begin */
	uint32_t seq;         /**< TCP: sequence number of this packet's first
				   own byte, as its sender counts; host order */
	uint8_t streamed;     /**< 1: in order, without holes or repetitions */
	uint8_t again;        /**< 1: streamed, and all of it was said before: a
				   retransmission, to be rewritten again */
	uint8_t hold;     /**< streamed, not again; set by the helper: so many
				   of the last bytes begin what NAT must replace
				   and ends later.  They are cut off, once, as if
				   lost, and come again with more */
	uint8_t reserved; /**< zero */
	uint32_t used;    /**< streamed: how many bytes the helper needs not
				   see again, all at first; what it leaves is
				   shown once more, in front of what comes, and
				   leaves as it was replaced if it comes again
				   and no length has changed */
	void *priv[4];    /**< the library's */
};

/** What a helper wants done with the packet. */
enum ct_help {
	CT_HELP_OK,  /**< let it pass */
	CT_HELP_DROP /**< drop it: HELPER_REFUSED, or the reason in pkt->reason
			  that ct_help_drop() set */
};

/** A helper. */
struct ct_helper_ops {
	size_t size;         /**< sizeof(struct ct_helper_ops) */
	const char *name;    /**< "ftp", as a policy names it */
	uint8_t l3;          /**< CT_L3_*; 0: every one */
	uint8_t l4;          /**< IPPROTO_*; 0: every one */
	uint16_t state_size; /**< bytes of ct_helper_state() in use */
	uint32_t flags;      /**< enum ct_helper_flag */
	const struct ct_expect_class *classes; /**< at least one */
	size_t n_classes;                      /**< how many, at most 8 */
	const struct ct_param_def *params;     /**< its parameters, or NULL */
	size_t n_params;                       /**< how many */

	/** One packet's payload, foreign bytes.  One call at a time for each
	 * connection; under no lock that the functions here need.  Empty
	 * payloads are not shown. */
	enum ct_help (*help)(struct ct_thread *thr, struct ct_pkt *pkt,
			     struct ct_speech *speech);
	/** Optional.  The connection ends; its expectations are gone already.
	 * May look other connections up and end them. */
	void (*ended)(struct ct_thread *thr, struct ct_conn *conn);
};

/**
 * Add a helper.  The built-in ones are there from the start; one with the same
 * name takes a built-in one's place.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_FULL past 63; CT_E_NOMEM;
 *             CT_E_VERSION
 */
CT_API int ct_helper_register(struct ct_table *tbl,
			      const struct ct_helper_ops *ops);

/**
 * The helper's own bytes in a connection, zero at first, 8-byte aligned.
 *
 * @param tbl   the connection's table
 * @param conn  a connection with a helper
 * @context     inside help() and ended() of that connection
 * @return      state_size bytes; NULL for a connection without a helper
 */
CT_API void *ct_helper_state(const struct ct_table *tbl, struct ct_conn *conn);

/**
 * The value of a helper's parameter.
 *
 * @param thr  the calling thread's handle
 * @param ops  the helper
 * @param n    index in ops->params
 * @context    inside a helper
 * @return     the value
 */
CT_API uint32_t ct_helper_param(const struct ct_thread *thr,
				const struct ct_helper_ops *ops, unsigned n);

/**
 * Whether an announced address and port may be expected.
 *
 * In strict mode (parameter helper.strict) a connection may announce nobody but
 * its own two ends, and no port below 1024: what a web page makes a browser
 * send to a well-known port must not open holes (NAT slipstreaming).
 *
 * @param thr   the calling thread's handle
 * @param pkt   the packet that announces; its connection is the master
 * @param addr  the address announced, of the master's family
 * @param port  the port announced
 * @context     inside a helper
 * @return      false: do not expect it (counted as HELPER_STRICT)
 */
CT_API bool ct_help_allowed(struct ct_thread *thr, const struct ct_pkt *pkt,
			    const union ct_addr *addr, ct_be16 port);

/**
 * What the host's routing says of an address (ct_host.leaves_with).
 *
 * @param thr   the calling thread's handle
 * @param pkt   the packet
 * @param addr  of its family
 * @context     inside help()
 * @return      whether packets for addr leave by the interface by which pkt
 *              does; false where the host does not say
 */
CT_API bool ct_help_leaves_with(struct ct_thread *thr, const struct ct_pkt *pkt,
				const union ct_addr *addr);

/**
 * Put other bytes in the place of some of the payload.
 *
 * Lengths, checksums and, over TCP, all later sequence numbers follow.
 *
 * @param thr      the calling thread's handle
 * @param pkt      the packet
 * @param speech   what it says; updated
 * @param off      first byte, from speech->bytes; not before fresh
 * @param old_len  how many go
 * @param text     what comes
 * @param new_len  how many come
 * @context        inside help()
 * @return         0; CT_E_INVAL for bytes of an earlier packet; CT_E_NOSPC
 *                 when the packet has not enough tailroom: drop it
 */
CT_API int ct_help_replace(struct ct_thread *thr, struct ct_pkt *pkt,
			   struct ct_speech *speech, uint32_t off,
			   uint32_t old_len, const void *text,
			   uint32_t new_len);

/**
 * Say why a packet is dropped.
 *
 * @param pkt   the packet
 * @param text  one sentence, a constant; for traces
 * @param thr   the calling thread's handle
 * @context     inside help()
 * @return      CT_HELP_DROP
 */
CT_API enum ct_help ct_help_drop(struct ct_thread *thr, struct ct_pkt *pkt,
				 const char *text);

/**
 * Set when the master ends if nothing more is seen; see ct_conn_refresh().
 *
 * @param thr      the calling thread's handle
 * @param conn     the connection, not locked
 * @param seconds  from now
 * @context        inside a helper
 */
CT_API void ct_help_refresh(struct ct_thread *thr, struct ct_conn *conn,
			    uint32_t seconds);

/**
 * ct_expect_add() for one that NAT translates: the id where the peer shall
 * knock is tuple.dst_id if free, or one of the next, upwards.  Where tuple.dst is
 * an address that a pool (nat_pool.h) gave to the master, it is an id of the
 * pool's, which is the inside endpoint's as long as this or what meets it lives.
 *
 * @param thr     the calling thread's handle
 * @param master  the connection
 * @param def     what is expected; tuple.dst_id is set to what was found
 * @param exp     as in ct_expect_add()
 * @context       inside a helper
 * @return        as ct_expect_add(); CT_E_FULL when none is free, or none that
 *                the pool's subscriber may have
 */
CT_API int ct_expect_add_near(struct ct_thread *thr, struct ct_conn *master,
			      struct ct_expect_def *def,
			      struct ct_expect **exp);

/**
 * Expectations of two neighbouring ids, as ct_expect_add_near().  An even first
 * one stays even, as RTP's is; an odd one stays odd, but any two of a pool do.
 *
 * @param thr     the calling thread's handle
 * @param master  the connection
 * @param pair    two; both tuple.dst_id are set to what was found
 * @context       inside a helper
 * @return        as ct_expect_add_near(); both or none
 */
CT_API int ct_expect_add_pair(struct ct_thread *thr, struct ct_conn *master,
			      struct ct_expect_def pair[2]);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_HELPER_H */
