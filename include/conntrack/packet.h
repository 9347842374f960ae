/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * A packet, as the host hands it over and gets it back.
 */
#ifndef CONNTRACK_PACKET_H
#define CONNTRACK_PACKET_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bits of ct_pkt.flags.  The host sets the first, the library the others. */
enum ct_pkt_flag {
	CT_PKT_UNTRACKED = 1u << 0, /**< do not track this packet */
	CT_PKT_BROADCAST = 1u << 1, /**< this host's own, to all of a network:
					 who answers has another address */
	CT_PKT_WHOLE = 1u << 8,     /**< put together from fragments; its bytes
					 are the library's until the next poll */
	CT_PKT_FIRST = 1u << 9,     /**< a first fragment: what is behind it
					 comes later, or came before */
	CT_PKT_LATER = 1u << 10     /**< a later fragment: it has no transport
					 header; l4 is what the first one had */
};

/**
 * One packet, owned by the caller.
 *
 * The host fills in the first half and zeroes the rest.  The second half is
 * the answer of ct_process(); it must travel with the packet, unchanged, to
 * ct_confirm() or ct_abandon().
 */
struct ct_pkt {
	uint8_t *data;      /**< first byte of the L3 header */
	uint32_t len;       /**< contiguous bytes at data */
	uint32_t frame_len; /**< bytes of the whole packet; 0: same as len */
	uint32_t headroom;  /**< writable bytes before data */
	uint32_t tailroom;  /**< writable bytes after data + len; helpers that
				 write longer words and the SYN proxy use them */
	void *user;         /**< the host's own packet; never touched */
	const struct ct_policy *policy; /**< from ct_policy_create(), or NULL */
	uint32_t mark;                  /**< the host's; never touched */
	uint16_t zone;     /**< conntrack zone, unless policy has one */
	uint16_t gso_size; /**< payload per segment of a super-packet, or 0 */
	uint8_t l3;        /**< CT_L3_* */
	uint8_t csum;      /**< enum ct_csum */
	uint16_t flags;    /**< enum ct_pkt_flag */
	uint32_t reserved[3]; /**< zero */

	struct ct_conn *conn; /**< borrowed until the next poll, or NULL */
	uint32_t l4_len;      /**< bytes of L4 header and payload by IP */
	uint16_t l4_off;      /**< where the L4 header starts, from data */
	uint16_t reason;      /**< enum ct_reason */
	uint8_t state;        /**< enum ct_state */
	uint8_t dir;          /**< enum ct_dir */
	uint8_t l4;           /**< IPPROTO_*, after extension headers */
	uint8_t answered;     /**< ct_process() has been here */
	uint32_t reserved2;   /**< zero */
	uint64_t scratch[4];  /**< the tracker's, from check() to packet() */
	uint64_t frag;        /**< the library's, of fragments; zero before */
};
CT_STATIC_ASSERT(sizeof(struct ct_pkt) == 128, "two cache lines, for good");

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_PACKET_H */
