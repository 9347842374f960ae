/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Ids that packets do not tell.
 *
 * Some protocols name only the receiver's id in a packet: enhanced GRE (PPTP)
 * has the call id of whoever shall get it.  A helper that has heard both in the
 * control connection tells them, one tuple for each direction; from then on
 * packets of both have the whole tuple, and are one connection.
 */
#ifndef CONNTRACK_PEER_ID_H
#define CONNTRACK_PEER_ID_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Say which id the sender of some packets has.
 *
 * Who learns it forgets it, at the latest when the control connection ends
 * (ct_helper_ops.ended).  If one was told before for the same packets, that one
 * counts as long as it is there.
 *
 * @param thr    the calling thread's handle
 * @param tuple  the packets', as they arrive, zone included; src_id is what
 *               they do not tell
 * @context      an online thread; inside a helper, too; takes the lock of one
 *               chain
 * @return       0 or CT_E_NOMEM
 */
CT_API int ct_peer_id_learn(struct ct_thread *thr,
			    const struct ct_tuple *tuple);

/**
 * Take that back.
 *
 * @param thr    the calling thread's handle
 * @param tuple  as in ct_peer_id_learn()
 * @context      as ct_peer_id_learn()
 * @return       0, or CT_E_NOENT when nobody has said it
 */
CT_API int ct_peer_id_forget(struct ct_thread *thr,
			     const struct ct_tuple *tuple);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_PEER_ID_H */
