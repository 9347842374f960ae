/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy.h - what a gateway is to do, as its policy file says
 *
 * One statement a line; README.md lists them.  A policy is read once and does
 * not change.  It holds no memory of its own, so nothing that a file says makes
 * it larger.
 */
#ifndef TUN_NAT_POLICY_H
#define TUN_NAT_POLICY_H

#include "words.h"

#include <net/if.h>

/* The two sides of the gateway. */
enum side { INSIDE, OUTSIDE, SIDES };

enum {
	POLICY_NAME = 64, /* of a namespace or parameter, NUL included */
	POLICY_NETS = 8,
	POLICY_SOURCES = 64,
	POLICY_FORWARDS = 256,
	POLICY_PARAMS = 64,
	POLICY_HELPERS = 32,
	POLICY_ERROR = 256
};

/* A side's device, and the gateway's own addresses in its networks. */
struct policy_side {
	char device[IFNAMSIZ];   /* "": not given */
	char netns[POLICY_NAME]; /* "": the one we are in */
	struct prefix nets[POLICY_NETS];
	unsigned n_nets;
};

/* Sources of these addresses leave with others. */
struct policy_source {
	struct prefix from;
	struct address first; /* of the outside; l3 0: masquerade */
	struct address last;
	struct ports ports; /* 0 to 0: any */
	bool random;
	bool persistent;
};

/* What comes from outside for one endpoint goes on to another. */
struct policy_forward {
	struct endpoint at;
	struct endpoint to; /* one port, or as many as at has */
	uint8_t l4;         /* IPPROTO_* */
};

struct policy_param {
	char name[POLICY_NAME];
	uint64_t value;
	unsigned line; /* where it stands in the file */
};

/* New connections to these ports of TCP and UDP get a helper. */
struct policy_helper {
	char name[POLICY_NAME];
	struct ports ports;
	unsigned line; /* where it stands in the file */
};

struct policy {
	const char *path; /* the caller's */
	struct policy_side sides[SIDES];
	struct policy_source sources[POLICY_SOURCES];
	struct policy_forward forwards[POLICY_FORWARDS];
	struct policy_param params[POLICY_PARAMS];
	struct policy_helper helpers[POLICY_HELPERS];
	unsigned n_sources;
	unsigned n_forwards;
	unsigned n_params;
	unsigned n_helpers;
	uint32_t max_conns; /* 0: the library's default */
	bool no_hairpin;
	char error[POLICY_ERROR]; /* of the last reading, "FILE:LINE: ..." */
};

/* => False, and policy->error says why, when the file cannot be read or is
 *    wrong. */
bool policy_read(struct policy *policy, const char *path);

/* The same for text at hand; path is what errors call it. */
bool policy_parse(struct policy *policy, const char *path, const char *text,
		  size_t len);

/* => The first own address of a family on a side, or NULL. */
const union ct_addr *policy_own(const struct policy *policy, enum side side,
				uint8_t l3);

/* => Whether the address is the gateway's own on that side. */
bool policy_is_own(const struct policy *policy, enum side side, uint8_t l3,
		   const union ct_addr *addr);

/* => Whether the address lies in a network of that side. */
bool policy_is_on(const struct policy *policy, enum side side, uint8_t l3,
		  const union ct_addr *addr);

/* => Whether packets from outside to this address are for us: it is our own, a
 *    pool's, or forwarded. */
bool policy_is_public(const struct policy *policy, uint8_t l3,
		      const union ct_addr *addr);

/* => What is to be done with a source, or NULL. */
const struct policy_source *policy_source(const struct policy *policy,
					  uint8_t l3,
					  const union ct_addr *addr);

/* => Where the flow goes on to, or NULL. */
const struct policy_forward *policy_forward(const struct policy *policy,
					    const struct ct_tuple *t);

/* => Which of policy->helpers a destination port has, or -1.  The first line
 *    that names it decides. */
int policy_helper(const struct policy *policy, uint16_t port);

#endif /* TUN_NAT_POLICY_H */
