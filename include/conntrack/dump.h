/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Looking at a table: find, walk, delete, flush, counters, text.
 */
#ifndef CONNTRACK_DUMP_H
#define CONNTRACK_DUMP_H

#include <conntrack/event.h>
#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Find a connection by either of its tuples.
 *
 * @param thr    the calling thread's handle
 * @param tuple  whole and exact, the zone included; unused bytes are zero
 * @param dir    set to the direction that the tuple is, unless NULL
 * @context      an online thread
 * @return       borrowed until the next poll, or NULL
 */
CT_API struct ct_conn *ct_find(struct ct_thread *thr,
			       const struct ct_tuple *tuple, enum ct_dir *dir);

/**
 * ct_find() for n tuples, whose cache misses overlap: several times faster
 * where the table is larger than the caches.
 *
 * @param thr     the calling thread's handle
 * @param tuples  as in ct_find(); some may be of IPv4, some of IPv6
 * @param n       how many; from about 32 on more bring nothing
 * @param conns   n answers, each borrowed until the next poll, or NULL
 * @param dirs    n directions, or NULL when nobody wants them; what stands
 *                beside an answer of NULL means nothing
 * @context       an online thread
 * @return        how many were found
 */
CT_API unsigned ct_find_burst(struct ct_thread *thr,
			      const struct ct_tuple *tuples, unsigned n,
			      struct ct_conn **conns, enum ct_dir *dirs);

/** Which connections; every part that is set must hold. */
struct ct_filter {
	size_t size;    /**< sizeof(struct ct_filter) */
	uint32_t flags; /**< CT_FILTER_* */
	uint32_t mark;  /**< with CT_FILTER_MARK: (its mark & mask) == mark */
	uint32_t mark_mask; /**< with CT_FILTER_MARK */
	uint16_t zone;      /**< with CT_FILTER_ZONE: of the original tuple */
	uint8_t l3;         /**< CT_L3_*, of either tuple; 0: any */
	uint8_t l4;         /**< with CT_FILTER_L4: IPPROTO_* */
	union ct_addr addr; /**< with CT_FILTER_ADDR: in any place of a tuple */
};

/** Bits of ct_filter.flags. */
enum ct_filter_flag {
	CT_FILTER_ZONE = 1u << 0, /**< zone is set */
	CT_FILTER_MARK = 1u << 1, /**< mark and mark_mask are set */
	CT_FILTER_L4 = 1u << 2,   /**< l4 is set */
	CT_FILTER_ADDR = 1u << 3  /**< addr and l3 are set */
};

/**
 * Called for each connection of a walk.
 *
 * @param user  from ct_walk()
 * @param conn  borrowed until the thread's next poll
 * @return      0 to go on, anything else to stop after this one
 */
typedef int (*ct_walk_fn)(void *user, struct ct_conn *conn);

/**
 * Visit connections.
 *
 * A connection that was confirmed before the walk began and lives when it ends
 * is visited exactly once, whatever else happens meanwhile.  The walk may be
 * cut into pieces with polls in between: start with *cursor 0.
 *
 * @param thr     the calling thread's handle
 * @param cursor  where the walk is; UINT64_MAX when it is at its end
 * @param filter  which, or NULL for all
 * @param fn      called for each; may call ct_conn_delete()
 * @param user    its first argument
 * @context       an online thread
 * @return        0 at the end; what fn returned if it stopped; CT_E_VERSION
 */
CT_API int ct_walk(struct ct_thread *thr, uint64_t *cursor,
		   const struct ct_filter *filter, ct_walk_fn fn, void *user);

/**
 * Delete connections, with DESTROY events and the reason END_FLUSHED.
 *
 * @param thr     the calling thread's handle
 * @param filter  which, or NULL for all
 * @context       an online thread, not inside a callback
 * @return        how many, or CT_E_VERSION
 */
CT_API int64_t ct_flush(struct ct_thread *thr, const struct ct_filter *filter);

/** A table in numbers. */
struct ct_stats {
	size_t size;        /**< sizeof(struct ct_stats) */
	uint64_t conns;     /**< connections, private ones included */
	uint64_t max_conns; /**< their limit */
	uint64_t bytes;     /**< memory in use, as the host's alloc saw it */
	uint64_t reasons[CT_REASON_MAX]; /**< verdicts and ends, by reason */
};

/**
 * The table in numbers, summed over all threads, past ones included.
 *
 * @param tbl    the table
 * @param stats  where to; stats->size is set by the caller
 * @context      any thread
 * @return       0 or CT_E_VERSION
 */
CT_API int ct_stats(struct ct_table *tbl, struct ct_stats *stats);

/** The calls that make a table grow and shrink. */
enum ct_work_call {
	/** A packet that makes a connection: taking memory is one of these,
	 * driving growth where polls are too rare is another. */
	CT_WORK_INSERT,
	CT_WORK_POLL,     /**< ct_thread_poll() */
	CT_WORK_MAINTAIN, /**< ct_maintain() */
	CT_WORK_CALLS     /**< their number, for good */
};

/** Work that growing and shrinking makes in one call. */
struct ct_work {
	uint32_t moved;   /**< buckets split off or merged */
	uint32_t cleared; /**< buckets rid of what has moved */
	uint32_t pages;   /**< of 4096 bytes, touched for the first time */
	uint32_t blocks;  /**< taken from the host's alloc, or given back */
};

/** Where a table's memory is, in bytes; the parts add up to the total. */
struct ct_mem_report {
	size_t size;        /**< sizeof(struct ct_mem_report) */
	uint64_t total;     /**< what the host's alloc gave and has not back */
	uint64_t buckets;   /**< the hash table, what is being made ready too */
	uint64_t conns;     /**< connections and their deadlines, the same */
	uint64_t overflow;  /**< further buckets of long chains */
	uint64_t on_demand; /**< extensions on demand, and what NAT keeps */
	uint64_t handles;   /**< handles of threads, the table's own included */
	uint64_t other;     /**< the rest: directories, policies, ... */
	uint64_t refused;   /**< times that the host had no memory, not bytes */
	/** Times that a chain grew beyond three buckets, not bytes.  A few are
	 * chance; many mean that someone knows how to make tuples collide, or
	 * that polls come too rarely for the hash table to grow. */
	uint64_t long_chains;
	/** The most that any call has done so far, by enum ct_work_call. */
	struct ct_work most[CT_WORK_CALLS];
	/** What such a call may do; most is never above it.  A table has a
	 * larger one where what extensions add to a connection is large. */
	struct ct_work budget[CT_WORK_CALLS];
};

/**
 * Where a table's memory is.
 *
 * @param tbl     the table
 * @param report  where to; report->size is set by the caller
 * @context       any thread; while others work, the parts may be a little off
 * @return        0 or CT_E_VERSION
 */
CT_API int ct_mem_report(struct ct_table *tbl, struct ct_mem_report *report);

/** How text looks. */
enum ct_text_style {
	CT_TEXT_LIST,     /**< conntrack -L */
	CT_TEXT_EXTENDED, /**< conntrack -L -o extended */
	CT_TEXT_PROC,     /**< /proc/net/nf_conntrack */
	CT_TEXT_JSON      /**< one flat JSON object */
};

/**
 * A connection as one line of text, without a newline.
 *
 * @param thr    the calling thread's handle, for the time
 * @param conn   a borrowed or owned connection
 * @param style  how it looks
 * @param buf    where to; always NUL-terminated if len > 0
 * @param len    its size; 1024 is enough
 * @context      any thread that may use conn
 * @return       the line's length, or CT_E_NOSPC
 */
CT_API int ct_conn_text(const struct ct_thread *thr, const struct ct_conn *conn,
			enum ct_text_style style, char *buf, size_t len);

/**
 * An event as one line of text, without a newline.
 *
 * @param ev     the event, inside its callback
 * @param style  CT_TEXT_LIST: conntrack -E, of an expectation -E expect;
 *               CT_TEXT_EXTENDED: the same with -o extended; CT_TEXT_JSON
 * @param buf    where to; always NUL-terminated if len > 0
 * @param len    its size; 1024 is enough
 * @context      inside an event callback
 * @return       the line's length; CT_E_NOSPC; CT_E_INVAL for CT_TEXT_PROC
 */
CT_API int ct_event_text(const struct ct_event_info *ev,
			 enum ct_text_style style, char *buf, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_DUMP_H */
