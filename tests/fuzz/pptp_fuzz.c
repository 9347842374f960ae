/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the helper for PPTP, with NAT and without; see dialog.h.
 */
#include "dialog.h"
#include "helper/pptp_msg.h"

#include <stdlib.h>

static const struct dialog_kind kind = { "pptp", 6, 1723, false };

/* The parser alone, of exactly these bytes. */
static void parse(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	struct ct_pptp_msg msg;
	size_t at = 0;

	while (at < len) {
		enum ct_pptp_read read =
			ct_pptp_read(copy + at, len - at, &msg);

		if (read == CT_PPTP_MORE || read == CT_PPTP_NONE)
			break;
		if (msg.len < CT_PPTP_HEADER || msg.len > len - at)
			fuzz_wrong("a message is longer than its bytes");
		at += msg.len;
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > 5)
		parse(bytes + 5, len - 5);
	dialog_run(&kind, bytes, len);
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	return dialog_seed(&kind, n, to);
}
