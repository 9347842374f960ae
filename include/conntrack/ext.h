/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Extensions: a few bytes of one's own on each connection.  See plugin.h.
 */
#ifndef CONNTRACK_EXT_H
#define CONNTRACK_EXT_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

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
 * @return     0; CT_E_SEALED; CT_E_INVAL; CT_E_FULL past 27, or when it is
 *             too large for a table of so many connections; CT_E_VERSION
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

#endif /* CONNTRACK_EXT_H */
