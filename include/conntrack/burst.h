/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * The verbs of conntrack.h for many packets at once.
 *
 * What they decide is what as many single calls would have decided.
 */
#ifndef CONNTRACK_BURST_H
#define CONNTRACK_BURST_H

#include <conntrack/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * ct_process() for n packets, in order.
 *
 * A flow's first packet and its successor in one burst are two new connections
 * that clash, exactly as with n calls before the first ct_confirm().
 *
 * @param thr       the calling thread's handle
 * @param pkts      the packets
 * @param n         how many
 * @param hook      as in ct_process()
 * @param verdicts  n verdicts, or NULL when nobody wants them
 * @context         as ct_process()
 */
CT_API void ct_process_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
			     unsigned n, enum ct_hook hook,
			     enum ct_verdict *verdicts);

/**
 * ct_confirm() for n packets, in order.
 *
 * @param thr       the calling thread's handle
 * @param pkts      the packets
 * @param n         how many
 * @param verdicts  n verdicts, or NULL when nobody wants them
 * @context         as ct_confirm()
 */
CT_API void ct_confirm_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
			     unsigned n, enum ct_verdict *verdicts);

/** A host's rules, for ct_forward_burst(). */
struct ct_rules {
	size_t size; /**< sizeof(struct ct_rules) */
	void *user;  /**< first argument of new_conn */
	/** Asked about the first packet of each connection, before it is
	 * confirmed.  May choose its mapping: ct_nat_setup(); may not poll,
	 * sleep or detach the handle: other packets are under way.  What is not
	 * CT_ACCEPT gives the packet up. */
	enum ct_verdict (*new_conn)(void *user, struct ct_thread *thr,
				    struct ct_pkt *pkt);
};

/**
 * ct_process(), ct_nat_apply() and ct_confirm() in one, for n packets.
 *
 * Equal to these verbs for one packet after the other, at PREROUTING, and at
 * POSTROUTING to translate the source: a flow's second packet finds the
 * connection that the first one opened, even in the same burst.  For hosts that
 * have no work between the verbs, or only rules about new connections.
 *
 * @param thr       the calling thread's handle
 * @param pkts      the packets
 * @param n         how many
 * @param rules     asked about new connections, or NULL: all may pass
 * @param verdicts  n verdicts, or NULL when nobody wants them
 * @context         as ct_process(), ct_nat_apply() and ct_confirm()
 */
CT_API void ct_forward_burst(struct ct_thread *thr, struct ct_pkt *const *pkts,
			     unsigned n, const struct ct_rules *rules,
			     enum ct_verdict *verdicts);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_BURST_H */
