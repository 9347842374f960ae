/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the ports of an Amanda server.  The input is its answer.
 *
 * What NAT replaces is one to five digits of the text, none twice.
 */
#include "fuzz.h"
#include "helper/amanda.h"
#include "payload.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct ct_amanda_port *port, const uint8_t *text,
		  size_t len)
{
	if (port->off > len || port->len > len - port->off)
		fuzz_wrong("a port lies behind the text");
	if (!port->port || !port->len || port->len > 5)
		fuzz_wrong("a port is no port");
	for (uint32_t i = 0; i < port->len; i++)
		if (text[port->off + i] < '0' || text[port->off + i] > '9')
			fuzz_wrong("a port has other digits");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = fuzz_copy(bytes, len);
	struct ct_amanda_port ports[CT_AMANDA_PORTS];
	size_t n = ct_amanda_parse(ct_cursor_of(copy, len), ports);

	for (size_t i = 0; i < n; i++) {
		check(&ports[i], copy, len);
		for (size_t k = 0; k < i; k++)
			if (ports[k].off == ports[i].off)
				fuzz_wrong("a port was found twice");
	}
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	return payload_has(payload, "CONNECT ");
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	struct payload payload;

	return payload_at(n, wanted, &payload)
		       ? payload_seed(&payload, to, 0, to)
		       : 0;
}
