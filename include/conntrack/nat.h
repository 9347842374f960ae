/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * NAT: other addresses, ports and ids for a connection and its packets.
 *
 *	ct_process() ... ct_nat_setup(DST), if new; ct_nat_apply(PREROUTING)
 *	routing      ... ct_nat_setup(SRC), if new; ct_nat_apply(POSTROUTING)
 *	ct_confirm()
 *
 * A mapping is chosen once, when the connection is new, and stands in its reply
 * tuple; packets of both directions are then translated by ct_nat_apply(),
 * ICMP errors outside and inside.  See docs/nat.md.
 */
#ifndef CONNTRACK_NAT_H
#define CONNTRACK_NAT_H

#include <conntrack/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which end of a new connection gets another address or id. */
enum ct_nat_end {
	CT_NAT_SRC, /**< source: chosen at POSTROUTING or INPUT */
	CT_NAT_DST  /**< destination: chosen at PREROUTING or OUTPUT */
};

/** Bits of ct_nat_range.flags. */
enum ct_nat_flag {
	CT_NAT_ADDR = 1u << 0,   /**< addresses are given; else it stays */
	CT_NAT_IDS = 1u << 1,    /**< ids are given: ports, or ICMP's ids */
	CT_NAT_RANDOM = 1u << 2, /**< do not try to keep the id */
	CT_NAT_RANDOM_FULLY = 1u << 3, /**< the same, as Linux distinguishes */
	CT_NAT_PERSISTENT = 1u << 4, /**< the address of a range depends on the
					  inside one only, not on the peer */
	CT_NAT_NETMAP = 1u << 5,     /**< the addresses are a prefix: what they
				      have in common replaces the same bits */
	CT_NAT_OFFSET = 1u << 6,     /**< ids move together: as far above min_id
				      as they were above base_id */
	CT_NAT_NPT = 1u << 7 /**< with CT_NAT_ADDR only: NPTv6 (RFC 6296).
				      The addresses are an IPv6 prefix of at
				      most 64 bits, as with CT_NAT_NETMAP;
				      another word makes up for it, so that
				      no checksum changes.  Ids stay. */
};

/** Ids from first to last, host order. */
struct ct_nat_ids {
	uint16_t first; /**< the first of them */
	uint16_t last;  /**< the last of them */
};

/** Where to: addresses and ids.  Zero is "as it is". */
struct ct_nat_range {
	size_t size;            /**< sizeof(struct ct_nat_range) */
	uint32_t flags;         /**< enum ct_nat_flag */
	uint16_t min_id;        /**< with CT_NAT_IDS: first, host order */
	uint16_t max_id;        /**< with CT_NAT_IDS: last, host order */
	union ct_addr min_addr; /**< with CT_NAT_ADDR: first */
	union ct_addr max_addr; /**< with CT_NAT_ADDR: last */
	uint16_t base_id;       /**< with CT_NAT_OFFSET, host order */
	uint16_t reserved[3];   /**< zero */
	/** Ids that no source gets which is translated, ICMP's included: of a
	 * rule, where no pool does it.  Read during the call; NULL: none. */
	const struct ct_nat_ids *excluded;
	/** Whether somebody else uses a port, a socket of the host's perhaps:
	 * then no source that is translated gets it.  May be NULL.  Asked
	 * before a port is given out, without a lock. */
	bool (*port_in_use)(void *user, uint8_t l4, const union ct_addr *addr,
			    uint16_t id);
	void *user;          /**< first argument of port_in_use */
	uint32_t n_excluded; /**< how many excluded has */
	uint32_t reserved2;  /**< zero */
};

/**
 * Choose the mapping of a packet's new connection, for one end.
 *
 * Each end once, before the connection is confirmed; the destination comes
 * first.  The mapping is unique: nobody else's packets have the reply tuple
 * that it makes.  As Linux does: a source keeps its port if it can, and the
 * mapping that it has with other peers; otherwise a port of its own class (1 to
 * 511, 600 to 1023, 1024 to 65535) is taken, at random.
 *
 * When no mapping is free the connection gets one all the same that is taken,
 * so that the packet is never sent untranslated: ct_confirm() will drop it,
 * unless the other connection ends meanwhile.  But it does not know what is
 * excluded or in use: with such ids, drop the packet.
 *
 * @param thr    the calling thread's handle
 * @param pkt    a packet that ct_process() opened a connection for
 * @param end    which end
 * @param range  where to; NULL: as it is, but the source's id changes if its
 *               tuple is taken (a null mapping)
 * @context      an online thread; takes the lock of one chain of mappings, and
 *               that of a connection it ends, one after the other.  May end a
 *               finished connection whose id is needed, and so deliver its
 *               DESTROY.
 * @return       0; CT_E_FULL when none is free (the packet's reason is
 *               NAT_EXHAUSTED); CT_E_EXIST when it was chosen before;
 *               CT_E_NOENT when the packet has no new connection; CT_E_INVAL
 *               for a range that makes no sense; CT_E_RANGE for an address
 *               that NPTv6 has no other for (the packet's reason is
 *               NAT_UNTRANSLATABLE; drop it); CT_E_NOMEM; CT_E_VERSION
 */
CT_API int ct_nat_setup(struct ct_thread *thr, struct ct_pkt *pkt,
			enum ct_nat_end end, const struct ct_nat_range *range);

/**
 * ct_nat_setup() of the source, to the address of the outgoing interface.
 *
 * When the interface loses that address, end what uses it: ct_nat_purge().
 *
 * @param thr    the calling thread's handle
 * @param pkt    as in ct_nat_setup()
 * @param addr   the interface's address, of the packet's family
 * @param range  ids and flags, or NULL; its addresses are not looked at
 * @context      as ct_nat_setup()
 * @return       as ct_nat_setup()
 */
CT_API int ct_nat_masquerade(struct ct_thread *thr, struct ct_pkt *pkt,
			     const union ct_addr *addr,
			     const struct ct_nat_range *range);

/**
 * Translate a packet.
 *
 * Destinations change at PREROUTING and OUTPUT, sources at POSTROUTING and
 * INPUT, in either direction of the connection; other hooks change nothing.
 * Checksums are adjusted, not computed: a wrong one stays wrong, a UDP checksum
 * of zero stays zero, and of a partial one only the pseudo header's share
 * changes.  To do it twice at a hook changes nothing.
 *
 * @param thr   the calling thread's handle
 * @param pkt   a packet that ct_process() accepted; its bytes are written
 * @param hook  where it is
 * @context     an online thread; takes no lock
 * @return      CT_ACCEPT, or CT_DROP for what cannot be translated
 *              (NAT_UNTRANSLATABLE) or must not leave as it is (NAT_LEAK, see
 *              the parameter nat.leak_proof)
 */
CT_API enum ct_verdict ct_nat_apply(struct ct_thread *thr, struct ct_pkt *pkt,
				    enum ct_hook hook);

/**
 * ct_nat_apply() for n packets.
 *
 * @param thr       the calling thread's handle
 * @param pkts      the packets
 * @param n         how many
 * @param hook      where they are
 * @param verdicts  n verdicts, or NULL when nobody wants them
 * @context         as ct_nat_apply()
 */
CT_API void ct_nat_apply_burst(struct ct_thread *thr,
			       struct ct_pkt *const *pkts, unsigned n,
			       enum ct_hook hook, enum ct_verdict *verdicts);

/**
 * End the connections whose source is translated to an address that is going
 * away: by ranges, by NAT64 or by pools, which keep it.
 *
 * First let no rule choose it any more.  A packet on its way whose source was
 * chosen before is not forgotten: its connection ends when it is confirmed.
 * The time it takes depends on their number, not on that of others.
 *
 * @param thr   the calling thread's handle
 * @param l3    CT_L3_*
 * @param addr  the address
 * @context     an online thread, not inside any callback; delivers DESTROY
 * @return      how many were ended
 */
CT_API uint64_t ct_nat_purge(struct ct_thread *thr, uint8_t l3,
			     const union ct_addr *addr);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_NAT_H */
