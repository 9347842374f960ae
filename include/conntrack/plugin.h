/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * For authors of trackers and extensions; hosts need not read on.
 *
 * A plug-in is a constant struct of functions, registered with a table before
 * its first thread attaches (afterwards: CT_E_SEALED).  It must outlive the
 * table.  The built-in trackers register through this header: what they can
 * do, a stranger's can; and a stranger's may take the place of a built-in one.
 */
#ifndef CONNTRACK_PLUGIN_H
#define CONNTRACK_PLUGIN_H

#include <conntrack/conntrack.h>
#include <conntrack/cursor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Parameters --------------------------------------------------------- */

/** Bits of ct_param_def.flags. */
enum ct_param_flag {
	CT_PARAM_TIMEOUT = 1u << 0, /**< seconds; a policy may replace it */
	CT_PARAM_SEALED = 1u << 1   /**< fixed once a thread has attached */
};

/** A parameter: the one place where it is named, bounded and explained. */
struct ct_param_def {
	const char *name;     /**< "udp.timeout.stream" */
	const char *alias;    /**< Linux sysctl without prefix, or NULL */
	const char *doc;      /**< one sentence, with unit and source */
	uint32_t linux_value; /**< default in CT_PROFILE_LINUX */
	uint32_t recommended; /**< default in CT_PROFILE_RECOMMENDED */
	uint32_t min;         /**< smallest value */
	uint32_t max;         /**< largest value */
	uint32_t flags;       /**< enum ct_param_flag */
	uint32_t reserved;    /**< zero */
};

/* --- Network layer ------------------------------------------------------ */

/** One network layer: addresses, and where the transport header is. */
struct ct_l3_ops {
	size_t size;         /**< sizeof(struct ct_l3_ops) */
	const char *name;    /**< "ipv4" */
	uint8_t l3;          /**< CT_L3_*, or a number from 16 to 255 */
	uint8_t family;      /**< number that conntrack(8) prints: 2, 10 */
	uint8_t addr_len;    /**< bytes of an address, at most 16 */
	uint8_t reserved[5]; /**< zero */

	/** Reads the header of a packet: sets l4, l4_off and l4_len of pkt,
	 * and the addresses of t, which is zeroed.  Foreign bytes.  False if
	 * malformed, with pkt->reason set. */
	bool (*parse)(struct ct_pkt *pkt, struct ct_tuple *t);
	/** The same for a header quoted by an ICMP error: the packet may be
	 * cut anywhere, and lengths and checksums in it are not believed. */
	bool (*parse_quoted)(struct ct_pkt *pkt, struct ct_tuple *t);
	/** The one's complement sum of the pseudo header, not folded. */
	uint32_t (*pseudo_sum)(const struct ct_pkt *pkt, uint8_t l4,
			       uint32_t l4_len);
	/** An address as text; buf has 46 bytes at least. */
	void (*addr_text)(const union ct_addr *addr, char *buf);
};

/* --- Transport layer ---------------------------------------------------- */

/** What a tracker thinks of a packet. */
enum ct_track {
	CT_TRACK_OK,        /**< part of the connection; it was advanced */
	CT_TRACK_IGNORE,    /**< let it pass, believe nothing it says */
	CT_TRACK_INVALID,   /**< not part of it; pkt->reason says why */
	CT_TRACK_UNTRACKED, /**< check() only: leave it alone */
	CT_TRACK_RESTART,   /**< this connection is over: remove it and look up
				 again; not an answer to a first packet */
	CT_TRACK_KILL       /**< part of it, and its end */
};

/** What the ids of a tuple are, for text. */
enum ct_ids {
	CT_IDS_PORTS, /**< sport= dport= */
	CT_IDS_ICMP,  /**< type= code= id= */
	CT_IDS_KEYS,  /**< srckey= dstkey= */
	CT_IDS_NONE   /**< nothing */
};

/** Bits of ct_l4_ops.flags. */
enum ct_l4_flag {
	CT_L4_MAY_CLASH = 1u << 0 /**< equal connections may be merged */
};

/** Bytes of ct_l4_state(). */
#define CT_L4_STATE_MAX 56

/** Where an ICMP error quotes a packet. */
struct ct_quote {
	uint32_t off;        /**< of the quoted L3 header, from pkt->data */
	uint8_t l3;          /**< its network layer */
	uint8_t reserved[3]; /**< zero */
};

/** One transport protocol: how it is keyed and followed. */
struct ct_l4_ops {
	size_t size;         /**< sizeof(struct ct_l4_ops) */
	const char *name;    /**< "tcp", as conntrack(8) prints it */
	uint8_t l4;          /**< IPPROTO_*; 255 for the generic tracker */
	uint8_t ids;         /**< enum ct_ids */
	uint16_t state_size; /**< bytes of ct_l4_state() in use */
	uint32_t flags;      /**< enum ct_l4_flag */
	const struct ct_param_def *params; /**< its parameters */
	size_t n_params;                   /**< how many */

	/** Reads the ids of a packet, quoted ones included, into t.  Foreign
	 * bytes from pkt->l4_off on.  False if they are not there, with
	 * pkt->reason set.  Pure. */
	bool (*tuple)(struct ct_pkt *pkt, struct ct_tuple *t);
	/** The ids of the answer to t.  The addresses are swapped already;
	 * inverse->src_id and dst_id are to be set.  False if nothing can
	 * answer.  Pure. */
	bool (*invert)(const struct ct_tuple *t, struct ct_tuple *inverse);
	/** Optional.  Header and checksum, before any look-up: OK, INVALID
	 * with pkt->reason set, or UNTRACKED with pkt->reason set.  What it
	 * reads it may keep in pkt->scratch for the others; packets that
	 * ICMP errors quote have not been here. */
	enum ct_track (*check)(struct ct_thread *thr, struct ct_pkt *pkt);
	/** Optional.  Whether the packet is an ICMP error, and where its quote
	 * is.  Comes after check(). */
	bool (*quote)(const struct ct_pkt *pkt, struct ct_quote *quote);
	/** The first packet, before anybody else can see the connection:
	 * may it open one?  The state is zeroed.  OK or INVALID. */
	enum ct_track (*open)(struct ct_thread *thr, struct ct_conn *conn,
			      struct ct_pkt *pkt);
	/** Every packet, the first included; the connection is locked, and
	 * pkt->dir and pkt->state are set. */
	enum ct_track (*packet)(struct ct_thread *thr, struct ct_conn *conn,
				struct ct_pkt *pkt);
	/** Optional.  May it go when the table is full although it is
	 * assured?  The connection is not locked. */
	bool (*evictable)(const struct ct_conn *conn);
	/** Optional.  The state's name, as conntrack(8) prints it; must cope
	 * with any bytes in the state. */
	const char *(*state_name)(const struct ct_conn *conn);
};

/**
 * Add a network layer, or replace a built-in one.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_VERSION
 */
CT_API int ct_l3_register(struct ct_table *tbl, const struct ct_l3_ops *ops);

/**
 * Add a transport tracker, or replace a built-in one.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_EXIST for a parameter's name
 *             that another tracker has; CT_E_NOMEM; CT_E_VERSION
 */
CT_API int ct_l4_register(struct ct_table *tbl, const struct ct_l4_ops *ops);

/* --- What a tracker may call -------------------------------------------- */

/**
 * The tracker's own bytes in a connection, CT_L4_STATE_MAX, 8-byte aligned.
 *
 * @param conn  the connection
 * @context     inside open() and packet(); elsewhere only to read
 * @return      the bytes
 */
CT_API void *ct_l4_state(struct ct_conn *conn);

/**
 * The same, to read.
 *
 * @param conn  the connection
 * @context     any thread that may use conn
 * @return      the bytes; they may change while being read
 */
CT_API const void *ct_l4_state_const(const struct ct_conn *conn);

/**
 * The value of a tracker's parameter, or what the connection's policy has
 * instead.
 *
 * @param thr   the calling thread's handle
 * @param ops   the tracker
 * @param conn  the connection, or NULL
 * @param n     index in ops->params
 * @context     inside a tracker
 * @return      the value
 */
CT_API uint32_t ct_l4_param(const struct ct_thread *thr,
			    const struct ct_l4_ops *ops,
			    const struct ct_conn *conn, unsigned n);

/**
 * Set when the connection ends if nothing more is seen.
 *
 * @param thr      the calling thread's handle
 * @param conn     the connection, locked
 * @param seconds  from now
 * @context        inside open() and packet()
 */
CT_API void ct_conn_refresh(struct ct_thread *thr, struct ct_conn *conn,
			    uint32_t seconds);

/**
 * Make it assured: not to be evicted early.  The first call is an event.
 *
 * @param thr   the calling thread's handle
 * @param conn  the connection, locked
 * @context     inside packet()
 */
CT_API void ct_conn_assure(struct ct_thread *thr, struct ct_conn *conn);

/**
 * Say that the tracker's state changed: an event.
 *
 * @param thr   the calling thread's handle
 * @param conn  the connection, locked
 * @context     inside packet()
 */
CT_API void ct_conn_changed(struct ct_thread *thr, struct ct_conn *conn);

/**
 * Whether the L4 checksum may be believed.
 *
 * True when parameter checksum is 0, when the host said so, when the sum is
 * right, and when the bytes are not all there to be summed.  A partial one is
 * taken as good.
 *
 * @param thr    the calling thread's handle
 * @param pkt    the packet, L3 parsed
 * @param cover  bytes of L4 that the sum covers, from the L4 header on
 * @context      inside check()
 * @return       false only for a sum that is known to be wrong
 */
CT_API bool ct_csum_good(const struct ct_thread *thr, const struct ct_pkt *pkt,
			 uint32_t cover);

/**
 * A cursor over what is contiguous of the packet's L4 header and payload.
 *
 * @param pkt  the packet, L3 parsed
 * @context    any thread
 * @return     a cursor from pkt->l4_off on, of at most pkt->l4_len bytes
 */
static inline struct ct_cursor ct_l4_cursor(const struct ct_pkt *pkt)
{
	uint32_t have = pkt->len > pkt->l4_off ? pkt->len - pkt->l4_off : 0;

	return ct_cursor_of(have ? pkt->data + pkt->l4_off : NULL,
			    have < pkt->l4_len ? have : pkt->l4_len);
}

/**
 * Whether someone wants steps explained; see ct_thread_trace().
 *
 * @param thr  the calling thread's handle
 * @context    any thread
 * @return     false most of the time: ask before any work for ct_trace()
 */
CT_API bool ct_tracing(const struct ct_thread *thr);

/**
 * Explain a step.
 *
 * @param thr   the calling thread's handle
 * @param step  a short constant name
 * @param fmt   one sentence, as for printf()
 * @context     inside a tracker
 */
CT_API void ct_trace(const struct ct_thread *thr, const char *step,
		     const char *fmt, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 3, 4)))
#endif
	;

/* --- Extensions --------------------------------------------------------- */

/** Bits of ct_ext_ops.flags. */
enum ct_ext_flag {
	CT_EXT_ALWAYS = 1u << 0 /**< part of every connection; without it, of
				     those that ct_ext_add() was called for */
};

/** A few bytes of one's own on a connection, zero at first. */
struct ct_ext_ops {
	size_t size;      /**< sizeof(struct ct_ext_ops) */
	const char *name; /**< for messages */
	uint16_t len;     /**< bytes, at most 1024 */
	uint16_t align;   /**< a power of two, at most 64 */
	uint32_t flags;   /**< enum ct_ext_flag */
	/** Optional.  The connection's memory is about to be freed; nobody
	 * else can see it.  Called once for each connection that has the
	 * extension, by whichever thread frees it. */
	void (*destroy)(void *ext);
};

/** Which extension; given by ct_ext_register(). */
typedef uint8_t ct_ext_id;

/**
 * Add an extension.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @param id   set to its number
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_FULL past 28; CT_E_VERSION
 */
CT_API int ct_ext_register(struct ct_table *tbl, const struct ct_ext_ops *ops,
			   ct_ext_id *id);

/**
 * A connection's extension.
 *
 * @param tbl   its table
 * @param conn  the connection
 * @param id    which
 * @context     any thread that may use conn; the bytes' own rules are their
 *              owner's
 * @return      its bytes, or NULL when the connection has none
 */
CT_API void *ct_ext(const struct ct_table *tbl, const struct ct_conn *conn,
		    ct_ext_id id);

/**
 * A connection's extension, made if need be.
 *
 * @param thr   the calling thread's handle
 * @param conn  the connection
 * @param id    which
 * @context     an online thread that may use conn; not inside a tracker
 * @return      its bytes, or NULL when out of memory
 */
CT_API void *ct_ext_add(struct ct_thread *thr, struct ct_conn *conn,
			ct_ext_id id);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_PLUGIN_H */
