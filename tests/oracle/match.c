/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matches; see match.h.  A key that is absent matches everything.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"

enum side side_opposite(enum side side)
{
	return side == SIDE_LAN ? SIDE_WAN : SIDE_LAN;
}

enum side side_of_name(const char *name)
{
	return name && !strcmp(name, "wan") ? SIDE_WAN : SIDE_LAN;
}

int proto_of_name(const char *name)
{
	static const struct {
		const char *name;
		int proto;
	} known[] = {
		{ "icmp", IPPROTO_ICMP },
		{ "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP },
		{ "dccp", IPPROTO_DCCP },
		{ "gre", IPPROTO_GRE },
		{ "esp", IPPROTO_ESP },
		{ "ah", IPPROTO_AH },
		{ "icmpv6", IPPROTO_ICMPV6 },
		{ "ipv6-icmp", IPPROTO_ICMPV6 },
		{ "sctp", IPPROTO_SCTP },
		{ "udplite", PROTO_UDPLITE },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].proto;
	return *name >= '0' && *name <= '9' ? atoi(name) : -1;
}

bool match_state(enum ct_state state, const char *word, size_t len)
{
	static const char *const words[CT_STATE_MAX] = {
		[CT_INVALID] = "invalid",         [CT_NEW] = "new",
		[CT_ESTABLISHED] = "established", [CT_RELATED] = "related",
		[CT_UNTRACKED] = "untracked",
	};

	return strlen(words[state]) == len && !memcmp(words[state], word, len);
}

/* Whether the first bits of two addresses are the same. */
static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(a, b, bits / 8))
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) & mask);
}

/* Whether the address lies in a prefix, "10.0.0.0/8" or "10.0.0.1". */
static bool in_prefix(const uint8_t *addr, size_t addr_len, const char *text)
{
	uint8_t wanted[16];
	char base[64];
	size_t len = strcspn(text, "/");
	unsigned bits = (unsigned)addr_len * 8;

	if (len >= sizeof(base))
		return false;
	memcpy(base, text, len);
	base[len] = '\0';
	if (inet_pton(addr_len == 4 ? AF_INET : AF_INET6, base, wanted) != 1)
		return false;
	if (text[len] == '/' && (unsigned)atoi(text + len + 1) < bits)
		bits = (unsigned)atoi(text + len + 1);
	return same_prefix(addr, wanted, bits);
}

static bool match_address(const json_t *wanted, const struct ip_view *view,
			  size_t at)
{
	if (!wanted)
		return true;
	return view->proto != PROTO_UNKNOWN &&
	       in_prefix(view->data + at, view->addr_len,
			 json_string_value(wanted));
}

/* Whether a number is the wanted one, or one of a range: "1000-1010". */
static bool in_range(const json_t *wanted, int number)
{
	const char *text = json_string_value(wanted);
	const char *dash = text ? strchr(text, '-') : NULL;
	int first = text ? atoi(text) : (int)json_integer_value(wanted);

	return number >= first && number <= (dash ? atoi(dash + 1) : first);
}

/* Whether a field of the transport header has the wanted value. */
static bool match_field(const json_t *wanted, const struct ip_view *view,
			size_t at)
{
	return !wanted ||
	       (!view->frag_offset && in_range(wanted, view_u16(view, at)));
}

static bool match_proto(const json_t *rule, const struct ip_view *view)
{
	const char *name = json_string_value(json_object_get(rule, "proto"));

	if (json_object_get(rule, "udp_length") && view->proto != IPPROTO_UDP)
		return false;
	return !name || view->proto == proto_of_name(name);
}

static bool match_device(const json_t *wanted, enum side side)
{
	return !wanted || side_of_name(json_string_value(wanted)) == side;
}

bool match_rule(const json_t *rule, const struct subject *subject)
{
	const struct ip_view *view = &subject->view;
	const json_t *out = json_object_get(rule, "out");
	const char *state = json_string_value(json_object_get(rule, "state"));

	if (!match_device(json_object_get(rule, "in"), subject->side))
		return false;
	if (out && (!subject->leaving ||
		    !match_device(out, side_opposite(subject->side))))
		return false;
	if (state && !match_state(subject->state, state, strlen(state)))
		return false;
	return match_proto(rule, view) &&
	       match_address(json_object_get(rule, "src"), view,
			     view->src_at) &&
	       match_address(json_object_get(rule, "dst"), view,
			     view->dst_at) &&
	       match_field(json_object_get(rule, "sport"), view, 0) &&
	       match_field(json_object_get(rule, "dport"), view, 2) &&
	       match_field(json_object_get(rule, "udp_length"), view, 4);
}

bool match_family_rule(const json_t *rule, const struct subject *subject)
{
	const char *family = json_string_value(json_object_get(rule, "family"));
	int version = family && !strcmp(family, "ipv6") ? 6 : 4;

	return subject->view.version == version && match_rule(rule, subject);
}
