/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the words of SANE.  The input is a request, and an answer.
 */
#include "fuzz.h"
#include "helper/sane.h"
#include "payload.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	ct_be16 port;

	if (ct_sane_parse_request(ct_cursor_of(copy, len)) != CT_SANE_PART &&
	    len != 8)
		fuzz_wrong("a request has another length");
	if (ct_sane_parse_answer(ct_cursor_of(copy, len), &port) &&
	    (len < 8 || memcmp(&port, copy + 6, sizeof(port)) != 0))
		fuzz_wrong("the port stands elsewhere");
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	static const uint8_t zeros[3] = { 0 };

	return payload->len >= 4 && payload->len <= 32 &&
	       !memcmp(payload->bytes, zeros, sizeof(zeros));
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	struct payload payload;

	return payload_at(n, wanted, &payload)
		       ? payload_seed(&payload, to, 0, to)
		       : 0;
}
