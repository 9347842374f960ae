/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what tun-nat reads, policies and packets.
 *
 *	byte 0	even: the rest is a policy; odd: an IP packet
 */
#include "corpus.h"
#include "fuzz.h"
#include "icmp.h"
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Policies ----------------------------------------------------------- */

static void check_error(const char *error)
{
	size_t len = strnlen(error, POLICY_ERROR);

	if (!len || len == POLICY_ERROR)
		fuzz_wrong("no error, or one without an end");
	for (size_t i = 0; i < len; i++)
		if (error[i] < ' ' || error[i] > '~')
			fuzz_wrong("an error with bytes that are no text");
}

static void check_policy(const struct policy *policy)
{
	for (unsigned i = 0; i < policy->n_sources; i++) {
		const struct policy_source *source = &policy->sources[i];

		if (!source->first.l3 &&
		    !policy_own(policy, OUTSIDE, source->from.at.l3))
			fuzz_wrong("masquerade without an address");
		if (source->ports.first > source->ports.last)
			fuzz_wrong("a pool's ports are turned round");
	}
	for (unsigned i = 0; i < policy->n_forwards; i++) {
		const struct policy_forward *forward = &policy->forwards[i];

		if (!forward->at.ports.first || !forward->to.ports.first ||
		    forward->at.at.l3 != forward->to.at.l3)
			fuzz_wrong("a forward to nowhere");
	}
}

static void try_policy(const uint8_t *bytes, size_t len)
{
	static struct policy policy;

	if (policy_parse(&policy, "policy", (const char *)bytes, len))
		check_policy(&policy);
	else
		check_error(policy.error);
}

/* --- Packets ------------------------------------------------------------ */

static void check_error_packet(const struct ip *about, const uint8_t *data)
{
	static const union ct_addr own = { .bytes = { 10, 0, 0, 1 } };
	uint8_t out[ICMP_ERROR_SIZE];
	struct ip ip;
	uint32_t len = icmp_error_write(out, ICMP_TTL, about, data, &own, 0);

	if (!len)
		return;
	if (len > sizeof(out) || !ip_read(out, len, &ip) || ip.len != len)
		fuzz_wrong("an error that is no packet");
	if (icmp_error_write(out, ICMP_TTL, &ip, out, &own, 0))
		fuzz_wrong("an error about an error");
}

static void try_packet(uint8_t *bytes, size_t len)
{
	struct ip ip;

	if (!ip_read(bytes, (uint32_t)len, &ip))
		return;
	if (ip.len > len || ip.hlen > ip.len)
		fuzz_wrong("a header that reaches beyond the packet");
	check_error_packet(&ip, bytes);
	ip_age(bytes, &ip);
	if (icmp_echo_asked(&ip, bytes))
		icmp_echo_answer(&ip, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	bool packet = fuzz_u8(&in) & 1;
	uint8_t *copy = fuzz_copy(in.at, in.left);

	if (packet)
		try_packet(copy, in.left);
	else
		try_policy(copy, in.left);
	free(copy);
	return 0;
}

/* --- Seeds -------------------------------------------------------------- */

#define BOTH                                        \
	"inside a netns b 10.0.0.1/24 fd00::1/64\n" \
	"outside c 198.51.100.1/24 2001:db8::1/64 # d\n"

static const char *const policies[] = {
	BOTH "masquerade 10.0.0.0/24\nmasquerade fd00::/64 random\n",
	BOTH "pool 192.0.2.1-192.0.2.9 for 10.0.0.0/8 ports 1024-65535 "
	     "persistent\n",
	BOTH "forward tcp 198.51.100.1:8000-8009 10.0.0.2:80-89\n"
	     "forward udp [2001:db8::1]:53 [fd00::2]:53\n",
	BOTH "hairpin off\nconnections 1000\nset tcp.timeout.syn_sent 20\n",
};

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	enum { POLICIES = sizeof(policies) / sizeof(*policies), PACKETS = 100 };
	const struct corpus_packet *packet;

	if (n < POLICIES) {
		to[0] = 0;
		memcpy(to + 1, policies[n], strlen(policies[n]));
		return 1 + strlen(policies[n]);
	}
	if (n - POLICIES >= PACKETS)
		return 0;
	packet = corpus_at((n - POLICIES) * 37);
	if (packet->len >= FUZZ_INPUT_MAX)
		return 1;
	to[0] = 1;
	memcpy(to + 1, packet->bytes, packet->len);
	return 1 + packet->len;
}
