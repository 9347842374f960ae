/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * What the library asks of its host, and what the host may ask of a table.
 *
 * Every struct that crosses the API by pointer begins with its own size.  The
 * library reads no further than that and takes the rest as zero, so that a
 * program built against an older header keeps its meaning: zero is always the
 * default.  A larger struct whose tail is not zero gives CT_E_VERSION.
 *
 * Structs that the library fills in are written up to the size that the caller
 * set, which stays; what is beyond those that the library knows is zeroed.
 */
#ifndef CONNTRACK_CONFIG_H
#define CONNTRACK_CONFIG_H

#include <conntrack/types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ct_pkt;

/** How bad, for struct ct_host's log. */
enum ct_log_level { CT_LOG_ERR, CT_LOG_WARN, CT_LOG_INFO, CT_LOG_DEBUG };

/**
 * What the library cannot do by itself.
 *
 * Any hook may be NULL: memory then comes from libc, randomness from
 * getrandom(2), the log is silent, pull fails, emit drops and nothing leaves_with.  Only alloc and
 * free go together: both or neither.
 */
struct ct_host {
	size_t size; /**< sizeof(struct ct_host) */
	void *user;  /**< passed back as the first argument of each hook */

	/** Memory, from any thread.  align is a power of two.  NULL is an
	 * answer: no call of the library fails in any other way than with
	 * CT_E_NOMEM or the reason NO_MEMORY.  May be called with a lock of
	 * the library held: it must not call the library. */
	void *(*alloc)(void *user, size_t size, size_t align);
	/** Takes back what alloc gave; size is as it was.  May be called with
	 * a lock of the library held, as alloc. */
	void (*free)(void *user, void *ptr, size_t size);
	/** Fills buf; it keys the hash.  The same bytes and the same packets
	 * give the same table, events and ports.  Called by create only. */
	void (*random)(void *user, void *buf, size_t len);
	/** One line without a newline; msg is NUL-terminated.  Never called
	 * with a lock held. */
	void (*log)(void *user, enum ct_log_level level, const char *msg);
	/** Makes at least len bytes of the packet contiguous; may change
	 * data, len, headroom and tailroom.  0 or a negative CT_E_*. */
	int (*pull)(void *user, struct ct_pkt *pkt, uint32_t len);
	/** Sends a packet that the library built; the bytes are the
	 * library's and end with the call.  Called by packet verbs, polls and
	 * ct_maintain(), by the last one with a lock held: it must not call
	 * the library. */
	void (*emit)(void *user, const struct ct_pkt *pkt);
	/** Whether a packet for addr, of pkt's family, would leave by the
	 * interface by which pkt, about to leave, does: routing knows.  NULL:
	 * it would not.  For helper.sip.external_media; called with a lock of
	 * the library held: it must not call the library. */
	bool (*leaves_with)(void *user, const struct ct_pkt *pkt,
			    const union ct_addr *addr);
};

/** Which defaults a table starts with; docs/params.md lists both. */
enum ct_profile {
	CT_PROFILE_RECOMMENDED, /**< what we would choose today */
	CT_PROFILE_LINUX        /**< as Linux 6.18 does */
};

/** What shapes a table's memory; everything else is a parameter. */
struct ct_config {
	size_t size;                /**< sizeof(struct ct_config) */
	const struct ct_host *host; /**< NULL: all defaults; copied */
	uint64_t max_bytes;         /**< all memory of the table; 0: no limit */
	uint32_t max_conns;         /**< connections; 0: 262144 */
	uint32_t profile;           /**< enum ct_profile */
};

/** A parameter, as a host sees it. */
struct ct_param_info {
	size_t size;          /**< sizeof(struct ct_param_info) */
	const char *name;     /**< "tcp.timeout.established" */
	const char *alias;    /**< the Linux sysctl, or NULL */
	const char *doc;      /**< one sentence, with its unit and source */
	uint64_t value;       /**< now */
	uint64_t linux_value; /**< default in CT_PROFILE_LINUX */
	uint64_t recommended; /**< default in CT_PROFILE_RECOMMENDED */
	uint64_t min;         /**< smallest value */
	uint64_t max;         /**< largest value */
};

/**
 * Set a parameter.
 *
 * A name is ours ("tcp.timeout.established") or the Linux sysctl's
 * ("nf_conntrack_tcp_timeout_established"), the latter with or without
 * "net.netfilter." before it.  Times are in seconds.
 *
 * @param tbl    the table
 * @param name   which parameter
 * @param value  its new value
 * @context      any thread; packets that are processed at the same time see
 *               the old or the new value
 * @return       0; CT_E_NOENT for an unknown name; CT_E_RANGE; CT_E_SEALED
 *               for one that shapes memory, once a thread has attached;
 *               CT_E_REFUSED for overflow.verdict = CT_OVERFLOW_STATELESS
 *               where no prefix is mapped, see ct_overflow_prefix()
 */
CT_API int ct_param_set(struct ct_table *tbl, const char *name, uint64_t value);

/**
 * Read a parameter.
 *
 * @param tbl    the table
 * @param name   as in ct_param_set()
 * @param value  where to
 * @context      any thread
 * @return       0 or CT_E_NOENT
 */
CT_API int ct_param_get(const struct ct_table *tbl, const char *name,
			uint64_t *value);

/**
 * The n-th parameter of a table, for listings.
 *
 * @param tbl   the table
 * @param n     from 0
 * @param info  where to; info->size is set by the caller
 * @context     any thread
 * @return      0; CT_E_NOENT past the last one; CT_E_VERSION
 */
CT_API int ct_param_info(const struct ct_table *tbl, unsigned n,
			 struct ct_param_info *info);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_CONFIG_H */
