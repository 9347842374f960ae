/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ticks.h - time that wraps
 *
 * The host speaks nanoseconds; inside, 32-bit ticks of 10 ms are enough.  They
 * wrap after 497 days and are compared by their signed difference, so that no
 * timeout may exceed half of that.
 */
#ifndef BASE_TICKS_H
#define BASE_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#define CT_TICK_NS     10000000u
#define CT_TICKS_PER_S 100u
#define CT_TIMEOUT_MAX 21427200u /* seconds: 248 days */
#define CT_TICKS_NEVER 0u        /* no deadline; no tick has this number */

/* A tick's number; 0 means "never", so that one tick is called by the next. */
static inline uint32_t ct_ticks_name(uint32_t ticks)
{
	return ticks == CT_TICKS_NEVER ? 1 : ticks;
}

static inline uint32_t ct_ticks_of_ns(uint64_t ns)
{
	return ct_ticks_name((uint32_t)(ns / CT_TICK_NS));
}

/* When seconds have passed since now. */
static inline uint32_t ct_ticks_after(uint32_t now, uint32_t seconds)
{
	if (seconds > CT_TIMEOUT_MAX)
		seconds = CT_TIMEOUT_MAX;
	return ct_ticks_name(now + seconds * CT_TICKS_PER_S);
}

/* How long until then; negative when it has passed. */
static inline int32_t ct_ticks_until(uint32_t then, uint32_t now)
{
	return (int32_t)(then - now);
}

static inline bool ct_ticks_passed(uint32_t then, uint32_t now)
{
	return ct_ticks_until(then, now) <= 0;
}

#endif /* BASE_TICKS_H */
