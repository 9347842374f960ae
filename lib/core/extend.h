/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extend.h - where a connection keeps what plug-ins add
 *
 * The layout is computed once, by the seal; a connection carries none of it.
 *
 *	always	  behind the connection's 128 bytes, part of the object
 *	on demand one block for all of them, made by the first ct_ext_add() and
 *		  freed with the connection; its first word tells which of them
 *		  the connection has
 *
 * Accounting, time stamps, labels and the host's cookie are built on this.
 */
#ifndef CORE_EXTEND_H
#define CORE_EXTEND_H

#include <conntrack/plugin.h>

/* Those of the seal come last and are of every connection, so that none of the 33
 * that is made on demand is without its bit of 32. */
enum { CT_EXT_MAX = 33, CT_EXT_NONE = 0xff };

struct ct_extend {
	const struct ct_ext_ops *ops[CT_EXT_MAX]; /* I */
	uint16_t off[CT_EXT_MAX];                 /* I */
	uint32_t n;                               /* I */
	uint32_t conn_units;                      /* I  by the seal */
	uint32_t block_units;                     /* I  by the seal */
	bool destroys;                            /* I  any destructor */
	ct_ext_id acct;                           /* I  or CT_EXT_NONE */
	ct_ext_id times;                          /* I  or CT_EXT_NONE */
	ct_ext_id stamps;                         /* I  or CT_EXT_NONE */
	ct_ext_id labels;                         /* I */
	ct_ext_id cookie;                         /* I */
};

struct ct_acct {
	_Atomic uint64_t packets[CT_DIR_MAX]; /* A  written under the lock */
	_Atomic uint64_t bytes[CT_DIR_MAX];   /* A  written under the lock */
};

struct ct_times {
	_Atomic uint64_t start_ns; /* A */
	_Atomic uint64_t stop_ns;  /* A */
};

/* Register the built-in extensions that are made on demand. */
int ct_extend_init(struct ct_table *tbl);

/* Register those that parameters ask for, and fix the layout. */
int ct_extend_seal(struct ct_table *tbl);

/* Call the destructors and free the block; the connection is nobody's. */
void ct_extend_free(struct ct_thread *thr, struct ct_conn *conn);

/* Count a packet; the connection is locked or private. */
void ct_acct_add(const struct ct_table *tbl, struct ct_conn *conn,
		 const struct ct_pkt *pkt);

void ct_times_start(struct ct_thread *thr, struct ct_conn *conn);
void ct_times_stop(struct ct_thread *thr, struct ct_conn *conn);

#endif /* CORE_EXTEND_H */
