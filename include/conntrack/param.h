/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * A parameter, as whoever owns it defines it: see plugin.h.
 *
 * Hosts set and read parameters by name: ct_param_set(), in config.h.
 */
#ifndef CONNTRACK_PARAM_H
#define CONNTRACK_PARAM_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bits of ct_param_def.flags. */
enum ct_param_flag {
	CT_PARAM_TIMEOUT = 1u << 0, /**< seconds; a policy may replace it */
	CT_PARAM_SEALED = 1u << 1   /**< fixed once a thread has attached */
};

/** A parameter: the one place where it is named, bounded and explained. */
struct ct_param_def {
	const char *name;     /**< "udp.timeout.stream" */
	const char *alias;    /**< Linux sysctl without prefix, or NULL */
	const char *doc;      /**< one sentence, with unit and source */
	uint32_t linux_value; /**< default in CT_PROFILE_LINUX */
	uint32_t recommended; /**< default in CT_PROFILE_RECOMMENDED */
	uint32_t min;         /**< smallest value */
	uint32_t max;         /**< largest value */
	uint32_t flags;       /**< enum ct_param_flag */
	uint32_t reserved;    /**< zero */
};

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_PARAM_H */
