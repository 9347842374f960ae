/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the helper for TFTP, with NAT and without; see dialog.h.
 */
#include "dialog.h"

static const struct dialog_kind kind = { "tftp", 17, 69, false };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	dialog_run(&kind, bytes, len);
	return 0;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	return dialog_seed(&kind, n, to);
}
