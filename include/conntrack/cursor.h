/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * The bounds-checked reader of foreign bytes: the only way our own code, and a
 * stranger's tracker or helper, looks into a packet.
 *
 * Failure is sticky: a read past the end yields zeros and leaves the cursor
 * failed, so a parser may read a whole header and ask once, at the end,
 * whether all of it was there.
 */
#ifndef CONNTRACK_CURSOR_H
#define CONNTRACK_CURSOR_H

#include <conntrack/types.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A place in a range of bytes. */
struct ct_cursor {
	const uint8_t *at;  /**< next byte */
	const uint8_t *end; /**< first byte that is not ours */
	bool failed;        /**< something was read that was not there */
};

/**
 * A cursor over len bytes.
 *
 * @param bytes  the first one; may be NULL if len is 0
 * @param len    how many
 * @context      any thread
 * @return       a cursor at the first byte
 */
static inline struct ct_cursor ct_cursor_of(const void *bytes, size_t len)
{
	struct ct_cursor cur;

	cur.at = (const uint8_t *)bytes;
	cur.end = len ? cur.at + len : cur.at;
	cur.failed = false;
	return cur;
}

/**
 * Bytes that are left.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     how many; 0 once it has failed
 */
static inline size_t ct_cursor_left(const struct ct_cursor *cur)
{
	return cur->failed ? 0 : (size_t)(cur->end - cur->at);
}

/**
 * Whether everything that was read was there.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     true until a read went past the end
 */
static inline bool ct_cursor_good(const struct ct_cursor *cur)
{
	return !cur->failed;
}

/**
 * The next n bytes, and step over them.
 *
 * @param cur  the cursor
 * @param n    how many
 * @context    any thread
 * @return     the first of them, or NULL when there are fewer; the cursor has
 *             then failed
 */
static inline const uint8_t *ct_cursor_take(struct ct_cursor *cur, size_t n)
{
	const uint8_t *bytes = cur->at;

	if (cur->failed || (size_t)(cur->end - cur->at) < n) {
		cur->failed = true;
		return NULL;
	}
	cur->at += n;
	return bytes;
}

/**
 * Read a 16-bit number of network order out of bytes that were taken.
 *
 * @param bytes  at least two that ct_cursor_take() gave
 * @context      any thread
 * @return       the number in host order
 */
static inline uint16_t ct_load_u16(const uint8_t *bytes)
{
	return (uint16_t)((unsigned)bytes[0] << 8 | bytes[1]);
}

/**
 * Read a 32-bit number of network order out of bytes that were taken.
 *
 * @param bytes  at least four that ct_cursor_take() gave
 * @context      any thread
 * @return       the number in host order
 */
static inline uint32_t ct_load_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/**
 * Step over n bytes.
 *
 * @param cur  the cursor
 * @param n    how many
 * @context    any thread
 */
static inline void ct_cursor_skip(struct ct_cursor *cur, size_t n)
{
	(void)ct_cursor_take(cur, n);
}

/**
 * Read one byte.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     the byte, or 0
 */
static inline uint8_t ct_cursor_u8(struct ct_cursor *cur)
{
	const uint8_t *bytes = ct_cursor_take(cur, 1);

	return bytes ? bytes[0] : 0;
}

/**
 * Read a 16-bit number of network order.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     the number in host order, or 0
 */
static inline uint16_t ct_cursor_u16(struct ct_cursor *cur)
{
	const uint8_t *bytes = ct_cursor_take(cur, 2);

	return bytes ? ct_load_u16(bytes) : (uint16_t)0;
}

/**
 * Read a 32-bit number of network order.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     the number in host order, or 0
 */
static inline uint32_t ct_cursor_u32(struct ct_cursor *cur)
{
	const uint8_t *bytes = ct_cursor_take(cur, 4);

	return bytes ? ct_load_u32(bytes) : 0;
}

/**
 * Read a 16-bit number and leave it in network order.
 *
 * @param cur  the cursor
 * @context    any thread
 * @return     the two bytes as they are, or 0
 */
static inline ct_be16 ct_cursor_be16(struct ct_cursor *cur)
{
	const uint8_t *bytes = ct_cursor_take(cur, 2);
	ct_be16 value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof(value));
	return value;
}

/**
 * Copy n bytes out.
 *
 * @param cur  the cursor
 * @param to   where to; zeroed when there are fewer
 * @param n    how many
 * @context    any thread
 */
static inline void ct_cursor_copy(struct ct_cursor *cur, void *to, size_t n)
{
	const uint8_t *bytes = ct_cursor_take(cur, n);

	if (bytes)
		memcpy(to, bytes, n);
	else
		memset(to, 0, n);
}

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_CURSOR_H */
