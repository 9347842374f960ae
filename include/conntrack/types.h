/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * The words of the library: addresses, tuples, directions, verdicts, errors.
 *
 * Where netfilter has a word for the same thing, it is the same word.
 */
#ifndef CONNTRACK_TYPES_H
#define CONNTRACK_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
/** Marks a function that the shared library exports. */
#define CT_API __attribute__((visibility("default")))
#else
#define CT_API
#endif

#ifdef __cplusplus
/** A claim about a type that the compiler checks. */
#define CT_STATIC_ASSERT(cond, text) static_assert(cond, text)
extern "C" {
#else
#define CT_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

struct ct_table;  /* one independent connection table */
struct ct_thread; /* one packet thread's handle on a table */
struct ct_conn;   /* one tracked connection */
struct ct_policy; /* what a host wants done with some packets */
struct ct_sub;    /* one event subscription */

/** A 16-bit number in network byte order, always. */
typedef uint16_t ct_be16;
/** A 32-bit number in network byte order, always. */
typedef uint32_t ct_be32;

/** Network layers that are built in; a stranger's L3 takes another number. */
enum { CT_L3_IPV4 = 4, CT_L3_IPV6 = 6 };

/** The original direction is the direction of the first packet, for ever. */
enum ct_dir { CT_DIR_ORIG, CT_DIR_REPLY, CT_DIR_MAX };

/** Where on its way through the host the packet is now. */
enum ct_hook {
	CT_HOOK_PREROUTING,
	CT_HOOK_INPUT,
	CT_HOOK_FORWARD,
	CT_HOOK_OUTPUT,
	CT_HOOK_POSTROUTING,
	CT_HOOK_MAX
};

/** What the host does with the packet.  Never negative, never an error. */
enum ct_verdict { CT_ACCEPT, CT_DROP, CT_STOLEN };

/** What the packet is to its connection; direction is a separate field. */
enum ct_state {
	CT_INVALID,
	CT_NEW,
	CT_ESTABLISHED,
	CT_RELATED,
	CT_UNTRACKED,
	CT_STATE_MAX
};

/** What the host knows about the packet's L4 checksum. */
enum ct_csum {
	CT_CSUM_NONE,     /**< nothing: verify it, if the parameter says so */
	CT_CSUM_VERIFIED, /**< found good, by a network card for instance */
	CT_CSUM_PARTIAL,  /**< holds the pseudo header's sum only, to be filled
			       in on the way out (TUN, virtio, GSO) */
	CT_CSUM_BAD       /**< found bad */
};

/**
 * Status bits of a connection; the numbers are those of Linux' IPS_*.
 */
enum ct_status {
	CT_S_EXPECTED = 1u << 0,       /**< opened by an expectation */
	CT_S_SEEN_REPLY = 1u << 1,     /**< packets went both ways */
	CT_S_ASSURED = 1u << 2,        /**< not to be evicted early */
	CT_S_CONFIRMED = 1u << 3,      /**< its first packet got through */
	CT_S_SRC_NAT = 1u << 4,        /**< the source is translated */
	CT_S_DST_NAT = 1u << 5,        /**< the destination is translated */
	CT_S_SEQ_ADJUST = 1u << 6,     /**< sequence numbers are shifted */
	CT_S_SRC_NAT_DONE = 1u << 7,   /**< source NAT has been decided */
	CT_S_DST_NAT_DONE = 1u << 8,   /**< destination NAT has been decided */
	CT_S_DYING = 1u << 9,          /**< removed; borrowers may still look */
	CT_S_FIXED_TIMEOUT = 1u << 10, /**< packets do not refresh it */
	CT_S_HELPER = 1u << 13         /**< its policy names a helper */
};

/** One address; an IPv4 address leaves the other twelve bytes zero. */
union ct_addr {
	uint8_t bytes[16]; /**< as on the wire */
	ct_be32 v4;        /**< IPv4 */
	ct_be32 v6[4];     /**< IPv6 */
};

/**
 * One direction of one flow.
 *
 * Hashed and compared as plain bytes, hence no padding.  The zone is part of
 * the tuple, so that zones for one direction cost nothing.
 *
 *	0          16         32     34     36   37   38     40
 *	+----------+----------+------+------+----+----+------+
 *	| src      | dst      |src_id|dst_id| l3 | l4 | zone |
 *	+----------+----------+------+------+----+----+------+
 */
struct ct_tuple {
	union ct_addr src; /**< sender */
	union ct_addr dst; /**< receiver */
	ct_be16 src_id;    /**< source port; ICMP: the query's id */
	ct_be16 dst_id;    /**< destination port; ICMP: type and code */
	uint8_t l3;        /**< CT_L3_* */
	uint8_t l4;        /**< IPPROTO_* */
	uint16_t zone;     /**< conntrack zone, host order */
};
CT_STATIC_ASSERT(sizeof(struct ct_tuple) == 40, "hashed as bytes: no padding");

/** Every error: name, number, sentence.  See ct_strerror(). */
#define CT_ERRORS(X)                                                   \
	X(NOMEM, -1, "out of memory")                                  \
	X(INVAL, -2, "invalid argument")                               \
	X(EXIST, -3, "already exists")                                 \
	X(NOENT, -4, "no such entry")                                  \
	X(FULL, -5, "table is full and nothing may be evicted")        \
	X(SEALED, -6, "too late: a thread has attached to this table") \
	X(RANGE, -7, "value is out of the parameter's range")          \
	X(VERSION, -8, "caller was built against a newer library")     \
	X(BUSY, -9, "still in use")                                    \
	X(NOSPC, -10, "buffer is too small")                           \
	X(REFUSED, -11, "refused by policy")

/** Errors are negative; success is 0. */
enum ct_error {
	CT_OK = 0,
#define CT_ERROR_ENUM(name, num, text) CT_E_##name = num,
	CT_ERRORS(CT_ERROR_ENUM)
#undef CT_ERROR_ENUM
};

/**
 * The sentence for an error.
 *
 * @param error  a negative CT_E_* or 0
 * @context      any thread
 * @return       a constant string, never NULL
 */
CT_API const char *ct_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_TYPES_H */
