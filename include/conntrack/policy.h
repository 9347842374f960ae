/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Policies: what a host wants done with some packets.
 */
#ifndef CONNTRACK_POLICY_H
#define CONNTRACK_POLICY_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bits of ct_policy_def.flags. */
enum ct_policy_flag {
	CT_POLICY_NOTRACK = 1u << 0,   /**< do not track */
	CT_POLICY_ZONE_ORIG = 1u << 1, /**< zone stands in the original tuple */
	CT_POLICY_ZONE_REPLY = 1u << 2,  /**< zone stands in the reply tuple */
	CT_POLICY_MARK = 1u << 3,        /**< new connections get the mark */
	CT_POLICY_LABELS = 1u << 4,      /**< new connections get the labels */
	CT_POLICY_EVENTS = 1u << 5,      /**< events holds a mask */
	CT_POLICY_SYN_PROXY = 1u << 6,   /**< SYNs are answered with a cookie,
					    whatever overflow.syn_proxy says */
	CT_POLICY_NO_SYN_PROXY = 1u << 7 /**< never */
};

/** One timeout of a policy. */
struct ct_policy_timeout {
	const char *name;  /**< a parameter: "udp.timeout.stream" */
	uint32_t seconds;  /**< instead of the parameter's value */
	uint32_t reserved; /**< zero */
};

/** What a host wants done with some packets; nft's `ct` objects in one. */
struct ct_policy_def {
	size_t size;        /**< sizeof(struct ct_policy_def) */
	uint32_t flags;     /**< enum ct_policy_flag */
	uint32_t mark;      /**< with CT_POLICY_MARK */
	uint32_t events;    /**< with CT_POLICY_EVENTS: set of enum ct_event;
				 those of expectations go by their master's */
	uint16_t zone;      /**< with CT_POLICY_ZONE_* */
	uint16_t class_;    /**< overflow class of new connections */
	uint8_t labels[16]; /**< with CT_POLICY_LABELS */
	const char *helper; /**< name of a helper, or NULL */
	const struct ct_policy_timeout *timeouts; /**< or NULL */
	size_t n_timeouts;                        /**< how many */
	uint32_t overflow; /**< enum ct_overflow_verdict, see overflow.h;
				CT_OVERFLOW_STATELESS needs a prefix that was
				mapped before, by ct_overflow_prefix() */
	uint32_t reserved; /**< zero */
};

/**
 * Make a policy; it is immutable and lives as long as its table.
 *
 * @param tbl     the table
 * @param def     what it says; copied
 * @param policy  set to the policy, for ct_pkt.policy
 * @context       any thread, also while packets flow
 * @return        0; CT_E_NOMEM; CT_E_VERSION; CT_E_NOENT for a timeout that
 *                is no parameter of a tracker, and for an unknown helper;
 *                CT_E_RANGE for its value;
 *                CT_E_REFUSED for CT_OVERFLOW_STATELESS where no prefix is
 *                mapped;
 *                CT_E_FULL past 65535 policies; CT_E_INVAL
 */
CT_API int ct_policy_create(struct ct_table *tbl,
			    const struct ct_policy_def *def,
			    const struct ct_policy **policy);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_POLICY_H */
