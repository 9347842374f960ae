/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Trackers: what one is made of, and its registration.  See plugin.h.
 *
 * What its functions may call is in tracker_call.h.
 */
#ifndef CONNTRACK_TRACKER_H
#define CONNTRACK_TRACKER_H

#include <conntrack/nat.h>
#include <conntrack/packet.h>
#include <conntrack/param.h>

#ifdef __cplusplus
extern "C" {
#endif

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
	/** Optional; without it nothing of this layer is translated.  Puts an
	 * address in the place of the source, or of the destination, of a
	 * header that parse() or parse_quoted() has read, and its checksum
	 * right.  => What a sum over the pseudo header changes by. */
	uint32_t (*rewrite)(struct ct_pkt *pkt, enum ct_nat_end end,
			    const union ct_addr *addr);
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
	CT_L4_MAY_CLASH = 1u << 0, /**< equal connections may be merged */
	CT_L4_NAT_PORTS = 1u << 1, /**< NAT may choose src_id of a source and
					 dst_id of a destination */
	CT_L4_NAT_QUERY = 1u << 2, /**< NAT may choose src_id, of either */
	CT_L4_NAT_TOLD = 1u << 3   /**< NAT writes the ids that a range names,
					 of what was expected, and chooses
					 none */
};

/** Marks on the scale of ct_l4_ops.evict_score(). */
enum ct_score {
	CT_SCORE_CLOSING = 0,      /**< it is over, or as good as over */
	CT_SCORE_UNREPLIED = 64,   /**< nobody has answered */
	CT_SCORE_HALF_OPEN = 128,  /**< answered; not set up yet */
	CT_SCORE_ESTABLISHED = 192 /**< at work */
};

/** Bytes of ct_l4_state(). */
#define CT_L4_STATE_MAX 56

/** Where an ICMP error quotes a packet. */
struct ct_quote {
	uint32_t off;        /**< of the quoted L3 header, from pkt->data */
	uint8_t l3;          /**< its network layer */
	bool redirects;      /**< it tells its reader of another way, which is
				  wrong where addresses are translated */
	uint8_t reserved[2]; /**< zero */
};

/** How a transport header changes; see ct_l4_ops.rewrite. */
struct ct_rewrite {
	ct_be16 src_id;      /**< the packet's, from now on */
	ct_be16 dst_id;      /**< the same */
	enum ct_nat_end end; /**< whose id is written; the other one's stays */
	uint32_t pseudo; /**< what a sum over the pseudo header changes by */
	uint32_t body;   /**< the same, over the bytes behind the header */
	uint32_t fresh;  /**< cross(): the sum over the new pseudo header */
	uint8_t l3;      /**< cross(): the network layer it goes over to */
	uint8_t quoted;  /**< cross(): 1 if an ICMP error quotes it */
	uint8_t reserved[2]; /**< zero */
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
	/** Optional.  What its state is worth when there is no room for all:
	 * one of enum ct_score, or between two of them.  Without it the status
	 * bits tell.  The connection is not locked; must cope with any bytes
	 * in the state. */
	uint8_t (*evict_score)(const struct ct_conn *conn);
	/** Optional; without it nobody knows how long it has been idle.  The
	 * seconds that it may be silent in its present state.  The connection
	 * is locked. */
	uint32_t (*lifetime)(const struct ct_thread *thr,
			     const struct ct_conn *conn);
	/** Optional.  The state's name, as conntrack(8) prints it; must cope
	 * with any bytes in the state. */
	const char *(*state_name)(const struct ct_conn *conn);
	/** Optional; without it no id is written and no checksum changes.
	 * Writes the ids of a header that tuple() has read, and its checksum:
	 * by differences (see ct_sum_patch()), a partial one as such.  Quoted
	 * packets may be cut behind the ids.  False for a header that is too
	 * short: the packet is dropped. */
	bool (*rewrite)(struct ct_pkt *pkt, const struct ct_rewrite *how);
	/** Optional.  NAT is short of ids: may a newcomer have those of this
	 * connection, which ends then?  It is locked; the newcomer is private,
	 * and open() and packet() have seen it. */
	bool (*yields)(const struct ct_conn *conn,
		       const struct ct_conn *newcomer);
	/** Optional; without it they are the same.  NAT64: the ids that the
	 * packet of t has over the other of IPv4 and IPv6.  False if there is
	 * no such packet there.  Pure. */
	bool (*convert)(const struct ct_tuple *t, struct ct_tuple *other);
	/** Optional; without it rewrite() is called for either end.  As
	 * rewrite(), for a packet that goes over to the network layer how->l3:
	 * all ids are written, as convert() has them, whatever end says.  The
	 * network header in front is still the old one. */
	bool (*cross)(struct ct_pkt *pkt, const struct ct_rewrite *how);
	uint8_t twin;        /**< with convert(): its number over the other of
				  IPv4 and IPv6; 0: the same */
	uint8_t reserved[7]; /**< zero */
	/** Optional.  What tuple() could not read, from elsewhere: the ids of
	 * a packet of this zone, a quoted one included; see peer_id.h. */
	void (*complete)(struct ct_thread *thr, struct ct_tuple *t);
};

/**
 * Add a network layer, or replace a built-in one.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_FULL past 39, the built-in
 *             ones included; CT_E_VERSION
 */
CT_API int ct_l3_register(struct ct_table *tbl, const struct ct_l3_ops *ops);

/**
 * Add a transport tracker, or replace a built-in one.
 *
 * @param tbl  the table
 * @param ops  must outlive the table
 * @context    any thread, before the first attach
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_EXIST for a parameter's name
 *             that another tracker has; CT_E_FULL past 39 trackers, the
 *             built-in ones included, or past the room for parameters;
 *             CT_E_VERSION.  What fails leaves nothing behind.
 */
CT_API int ct_l4_register(struct ct_table *tbl, const struct ct_l4_ops *ops);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_TRACKER_H */
