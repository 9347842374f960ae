/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: IRC's offers.  The input is what a client says.
 *
 * What NAT replaces lies inside the text, and holds no line feed.
 */
#include "fuzz.h"
#include "helper/irc.h"
#include "payload.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	struct ct_irc_offer offer;

	if (ct_irc_parse(ct_cursor_of(copy, len), &offer) == CT_IRC_OFFER) {
		if (offer.off > len || offer.len > len - offer.off)
			fuzz_wrong("the offer lies behind the text");
		if (offer.len && memchr(copy + offer.off, '\n', offer.len))
			fuzz_wrong("the offer has two lines");
	}
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "PRIVMSG ");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	struct payload payload;

	return payload_at(n, wanted, &payload)
		       ? payload_seed(&payload, to, 0, to)
		       : 0;
}
