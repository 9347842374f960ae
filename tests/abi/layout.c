/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled with -Werror=padded: a hole in a public struct is an error.
 */
#include <conntrack/conntrack.h>
#pragma GCC diagnostic push
/* A cursor lives on stacks and in inline functions, not in the interface. */
#pragma GCC diagnostic ignored "-Wpadded"
#include <conntrack/cursor.h>
#pragma GCC diagnostic pop
#include <conntrack/dump.h>
#include <conntrack/event.h>
#include <conntrack/nat64.h>
#include <conntrack/nat_cgn.h>
#include <conntrack/plugin.h>

/* Part of every frame that a host keeps: never larger. */
CT_STATIC_ASSERT(sizeof(struct ct_pkt) == 128, "two cache lines, for good");
CT_STATIC_ASSERT(sizeof(struct ct_tuple) == 40, "hashed as bytes");
