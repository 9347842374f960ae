/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper that memory_fail.c attaches.
 */
#include "talks.h"

#include <check.h>
#include <string.h>

/* It expects what comes from another port, and keeps what is said. */
static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct ct_expect_def def = { .size = sizeof(def) };
	int error;

	ct_conn_tuple(pkt->conn, CT_DIR_REPLY, &def.tuple);
	def.tuple.src_id = 0;
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	def.helper = "talks";
	error = ct_expect_add(thr, pkt->conn, &def, NULL);
	/* Two flows may wait at one address, being translated. */
	ck_assert(error == 0 || error == CT_E_NOMEM || error == CT_E_EXIST);
	speech->used = 0;
	return error == CT_E_NOMEM ? CT_HELP_DROP : CT_HELP_OK;
}

static const struct ct_expect_class classes[] = {
	{ .name = "answer", .max = 2, .timeout_s = 3 },
};

const struct ct_helper_ops fail_talks = {
	.size = sizeof(fail_talks),
	.name = "talks",
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = 1,
	.help = help,
};
