/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * What overflow has done: gauges, victims, top talkers.  See overflow.h.
 */
#ifndef CONNTRACK_PRESSURE_H
#define CONNTRACK_PRESSURE_H

#include <conntrack/overflow.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How full a table is, and what was done about it since it was made. */
struct ct_pressure {
	size_t size;        /**< sizeof(struct ct_pressure) */
	uint32_t conns;     /**< connections now */
	uint32_t max_conns; /**< their limit, by max_conns or max_bytes */
	uint32_t low;       /**< soft watermark, connections */
	uint32_t high;      /**< hard watermark, connections */
	uint32_t unproven;  /**< of conns: not assured */
	uint32_t level;     /**< 0: below low, 1000: high or above */
	uint64_t bytes;     /**< memory now */
	uint64_t max_bytes; /**< its limit, or 0 */
	uint64_t evicted[CT_CLASSES]; /**< by class of the victim */
	uint64_t refused[CT_CLASSES]; /**< by class of the newcomer */
	uint64_t candidates;          /**< that were looked at */
	uint64_t lines;               /**< cache lines read to rate them */
	uint64_t recycled;            /**< ended early while nobody took their
					   place: assured ones past their soft
					   age, others past a timeout that
					   shrank; END_SHORTENED and
					   END_UNANSWERED */
	uint64_t probes;              /**< keep-alives sent */
	uint64_t probes_answered;     /**< connections that proved alive */
	uint64_t cookies;             /**< SYN/ACKs with a cookie sent */
	uint64_t cookies_good;        /**< that came back */
	uint64_t cookies_bad;         /**< ACKs that brought none of ours */
	uint64_t told;                /**< RSTs and ICMP errors sent to
					   newcomers that were rejected */
	uint64_t untold;              /**< rejected beyond
					   overflow.reject.rate: dropped */
};

/**
 * How full the table is.
 *
 * @param tbl       the table
 * @param pressure  filled in; its size is set by the caller
 * @context         any thread
 * @return          0 or CT_E_VERSION
 */
CT_API int ct_pressure(struct ct_table *tbl, struct ct_pressure *pressure);

/** A connection that was evicted: ended so that a newcomer could have its
 * place.  What ends early by itself (ct_pressure.recycled) is none. */
struct ct_victim {
	struct ct_tuple tuple; /**< of its original direction */
	uint64_t at_ns;        /**< when, by the host's clock */
	uint32_t reason;       /**< enum ct_reason */
	uint32_t idle_s;       /**< how long it had been idle */
	uint32_t status;       /**< enum ct_status */
	uint8_t class_;        /**< its class */
	uint8_t score;         /**< what it was worth */
	uint8_t newcomer;      /**< what who took its place was worth; 0 where
				    overflow.policy does not ask */
	uint8_t reserved;      /**< zero */
};

/**
 * The latest victims, the last one first.
 *
 * @param tbl      the table
 * @param victims  where to
 * @param n        how many at most; the table remembers as many as the
 *                 parameter overflow.victims says
 * @context        any thread
 * @return         how many
 */
CT_API size_t ct_victims(struct ct_table *tbl, struct ct_victim *victims,
			 size_t n);

/** Whose connections are counted: by source or by destination. */
enum ct_talker_end { CT_TALKER_SRC, CT_TALKER_DST };

/** Who opens many connections. */
struct ct_talker {
	union ct_addr addr; /**< the prefix's first address */
	uint8_t l3;         /**< CT_L3_* */
	uint8_t bits;       /**< of the prefix */
	uint16_t zone;      /**< conntrack zone */
	uint32_t share;     /**< its part of opened of all, of 65535 */
	uint64_t opened;    /**< newcomers lately, decayed; estimated */
	uint64_t error;     /**< opened may be too high by as much */
};

/**
 * Who opens the most connections, the first one first.
 *
 * Known in bounded memory, by a sample of those that come while the table is
 * above its soft watermark; half of it is forgotten in each
 * overflow.half_life, whether anybody comes or not.
 *
 * @param tbl      the table
 * @param end      whose
 * @param talkers  where to
 * @param n        how many at most
 * @context        any thread
 * @return         how many
 */
CT_API size_t ct_talkers(struct ct_table *tbl, enum ct_talker_end end,
			 struct ct_talker *talkers, size_t n);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_PRESSURE_H */
