/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compiler.h - what we ask of the compiler beyond C11
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#define ct_likely(x)   __builtin_expect(!!(x), 1)
#define ct_unlikely(x) __builtin_expect(!!(x), 0)

/* For what is called from few places, all of them hot. */
#define ct_always_inline inline __attribute__((always_inline))
/* For loops that want all registers for themselves. */
#define ct_noinline __attribute__((noinline))

/* Compute a number once: the compiler takes it apart no more, to put its parts
 * together with others'. */
#define ct_whole(number) __asm__("" : "+r"(number))

/* Bytes that travel together between caches. */
#define CT_LINE 64

/*
 * Locks, for clang's -Wthread-safety.  The analysis sees functions, not fields:
 * the letters at the fields are for people.
 */
#if defined(__clang__)
#define CT_LOCKABLE        __attribute__((capability("mutex")))
#define CT_ACQUIRES(x)     __attribute__((acquire_capability(x)))
#define CT_TRY_ACQUIRES(x) __attribute__((try_acquire_capability(true, x)))
#define CT_RELEASES(x)     __attribute__((release_capability(x)))
#define CT_REQUIRES(x)     __attribute__((requires_capability(x)))
#define CT_UNCHECKED       __attribute__((no_thread_safety_analysis))
#else
#define CT_LOCKABLE
#define CT_ACQUIRES(x)
#define CT_TRY_ACQUIRES(x)
#define CT_RELEASES(x)
#define CT_REQUIRES(x)
#define CT_UNCHECKED
#endif

#endif /* BASE_COMPILER_H */
