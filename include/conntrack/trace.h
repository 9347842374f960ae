/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * The steps by which a packet is classified, explained.
 */
#ifndef CONNTRACK_TRACE_H
#define CONNTRACK_TRACE_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Told of each step by which a packet is classified.
 *
 * @param user  from ct_thread_trace()
 * @param step  a short constant name: "l3", "lookup", "tcp", ...
 * @param text  one sentence; ends with the call
 */
typedef void (*ct_trace_fn)(void *user, const char *step, const char *text);

/**
 * Have the steps of this thread's packets explained.
 *
 * @param thr   the calling thread's handle
 * @param fn    what to call, or NULL to stop
 * @param user  its first argument
 * @context     the handle's thread.  fn may be called under a connection's
 *              lock and calls nothing of the library.
 */
CT_API void ct_thread_trace(struct ct_thread *thr, ct_trace_fn fn, void *user);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_TRACE_H */
