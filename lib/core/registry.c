/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.c - who tracks what, and the parameters that are the table's own
 */
#include "core/registry.h"

#include "core/table.h"

#include <string.h>

/* clang-format off */
static const struct ct_param_def core_params[CT_P_MAX] = {
	[CT_P_MAX_CONNS] = { "max_conns", "nf_conntrack_max",
		"connections at most; not above what the table was made for",
		262144, 262144, 1, UINT32_MAX, 0, 0 },
	[CT_P_BUCKETS] = { "overflow.linux_buckets", "nf_conntrack_buckets",
		"size of the hash table whose neighbourhoods Linux' early drop searches; rounded up to a power of two",
		262144, 262144, 1, 1u << 30, 0, 0 },
	[CT_P_CHECKSUM] = { "checksum", "nf_conntrack_checksum",
		"1: a wrong transport checksum makes a packet invalid",
		1, 1, 0, 1, 0, 0 },
	[CT_P_ACCT] = { "acct", "nf_conntrack_acct",
		"1: every connection counts packets and bytes",
		0, 0, 0, 1, CT_PARAM_SEALED, 0 },
	[CT_P_TIMESTAMP] = { "timestamp", "nf_conntrack_timestamp",
		"1: every connection knows when it began and ended",
		0, 0, 0, 1, CT_PARAM_SEALED, 0 },
	[CT_P_EVENTS] = { "events", "nf_conntrack_events",
		"0: no events at all",
		2, 2, 0, 2, 0, 0 },
	[CT_P_LOG_INVALID] = { "log_invalid", "nf_conntrack_log_invalid",
		"log why packets of this protocol number are invalid; 255: of all, 0: of none",
		0, 0, 0, 255, 0, 0 },
	[CT_P_CLASH] = { "confirm.clash", NULL,
		"what a packet does whose equal connection was confirmed first, where the protocol does not allow a merge by itself; 0: drop, as Linux does; 1: merge",
		0, 1, 0, 1, 0, 0 },
	[CT_P_HASH] = { "hash", NULL,
		"how tuples are hashed, keyed with the table's own random bytes; 0: XXH3; 1: SipHash-2-4, slower, whose strength against chosen tuples has been studied",
		CT_HASH_XXH3, CT_HASH_XXH3, 0, CT_HASH_KINDS - 1,
		CT_PARAM_SEALED, 0 },
	[CT_P_LEAK_PROOF] = { "nat.leak_proof", NULL,
		"1: ct_nat_apply() drops invalid packets, and those whose mapping was never chosen, where sources are translated",
		0, 0, 0, 1, 0, 0 },
	[CT_P_NAT64_PRIVATE] = { "nat64.private", NULL,
		"1: ct_nat64_setup() takes the well-known prefix 64:ff9b::/96 for private addresses, too; RFC 6052 3.1 forbids it",
		0, 0, 0, 1, 0, 0 },
	[CT_P_EXPECT_MAX] = { "expect.max", "nf_conntrack_expect_max",
		"expectations at most",
		4096, 4096, 1, 1u << 24, 0, 0 },
	[CT_P_HELPER_STRICT] = { "helper.strict", NULL,
		"1: helpers expect nobody but the two ends of the connection that announces, and no port below 1024 (against NAT slipstreaming)",
		0, 1, 0, 1, 0, 0 },
	[CT_P_HELPER_STREAM] = { "helper.stream", NULL,
		"bytes that are kept, for each direction of a connection with a helper over TCP, so that a command cut over segments is seen; 0: each segment by itself, as Linux does",
		0, 4096, 0, 65536, 0, 0 },
	[CT_P_SEQADJ_STEPS] = { "seqadj.steps", NULL,
		"changes of a stream's length that are remembered in each direction, so that what was sent before them and comes again is shifted as it was; 1: the last, as Linux does",
		1, CT_SEQADJ_STEPS, 1, CT_SEQADJ_STEPS, 0, 0 },
	[CT_P_FRAG_MODE] = { "frag.mode", NULL,
		"fragments; 0: are invalid; 1: are held until their datagram is complete, which is cut again at the same places, as in Linux; 2: pass in order of arrival once the first one is known, but to helpers",
		CT_FRAG_REASSEMBLE, CT_FRAG_VIRTUAL, 0, CT_FRAG_VIRTUAL, 0, 0 },
	[CT_P_FRAG_TIMEOUT4] = { "frag.timeout.ipv4", "net.ipv4.ipfrag_time",
		"seconds that an IPv4 datagram has to become complete; RFC 1122 3.3.2 says 60 to 120",
		30, 30, 1, CT_TIMEOUT_MAX, 0, 0 },
	[CT_P_FRAG_TIMEOUT6] = { "frag.timeout.ipv6", "nf_conntrack_frag6_timeout",
		"seconds that an IPv6 datagram has to become complete; RFC 8200 4.5",
		60, 60, 1, CT_TIMEOUT_MAX, 0, 0 },
	[CT_P_FRAG_MEMORY4] = { "frag.memory.ipv4", "net.ipv4.ipfrag_high_thresh",
		"bytes of memory at most for IPv4 datagrams that are not complete; above it those of who holds most go, the oldest first",
		4194304, 4194304, 0, UINT32_MAX, 0, 0 },
	[CT_P_FRAG_MEMORY6] = { "frag.memory.ipv6", "nf_conntrack_frag6_high_thresh",
		"the same for IPv6",
		4194304, 4194304, 0, UINT32_MAX, 0, 0 },
	[CT_P_FRAG_DATAGRAMS] = { "frag.datagrams", NULL,
		"datagrams at most that are not complete, of each family",
		65536, 8192, 1, 1u << 20, 0, 0 },
	[CT_P_FRAG_PIECES] = { "frag.pieces", NULL,
		"fragments at most that one datagram may come in, where they are held; one more ends it",
		1024, 64, 2, 8192, 0, 0 },
	[CT_P_FRAG_HOLD] = { "frag.hold", NULL,
		"fragments of one datagram that are held while the first one is not known, where they pass; 0: those are dropped",
		16, 16, 0, 8192, 0, 0 },
	[CT_P_FRAG_ATOMIC] = { "frag.atomic_joins", NULL,
		"1: an IPv6 fragment that is a whole datagram joins others of its identification, where they are held, and loses its fragment header, as in Linux; 0: it is a datagram of its own, RFC 6946",
		1, 0, 0, 1, 0, 0 },
	[CT_P_FRAG_TIME_EXCEEDED] = { "frag.time_exceeded", NULL,
		"whose first fragments are remembered for ct_frag_expired() when the others do not come, where they are held; 0: none; 1: IPv6, which Linux answers; 2: all",
		CT_FRAG_TELL_IPV6, CT_FRAG_TELL_NONE, 0, CT_FRAG_TELL_ALL, 0, 0 },
	[CT_P_POLICY] = { "overflow.policy", NULL,
		"who goes when the table is full; 0: who is worth least, if less than the newcomer; 1: as Linux' early drop; 2: who has been idle longest, of a sample; 3: anybody; 4: nobody",
		CT_OVERFLOW_LINUX, CT_OVERFLOW_SCORED, 0,
		CT_OVERFLOW_POLICIES - 1, 0, 0 },
	[CT_P_VERDICT] = { "overflow.verdict", NULL,
		"what happens to a newcomer for which there is no room; 1: dropped; 2: rejected by a RST or an ICMP error; 3: passed untracked; 4: translated without state by a prefix, refused where ct_overflow_prefix() has named none; 5: asked of the host",
		CT_OVERFLOW_DROP, CT_OVERFLOW_DROP, 1,
		CT_OVERFLOW_VERDICTS - 1, 0, 0 },
	[CT_P_REJECT_RATE] = { "overflow.reject.rate", NULL,
		"newcomers at most, a second, whose senders are told that they are rejected; all others are dropped (RFC 4443 2.4 (f))",
		1000, 1000, 1, 1u << 24, 0, 0 },
	[CT_P_LOW] = { "overflow.low", NULL,
		"soft watermark, thousandths of max_conns: above it timeouts shrink and activity is counted",
		1000, 800, 0, 1000, 0, 0 },
	[CT_P_HIGH] = { "overflow.high", NULL,
		"hard watermark, thousandths of max_conns: at it timeouts are shortest",
		1000, 1000, 1, 1000, 0, 0 },
	[CT_P_PROBATION] = { "overflow.probation", NULL,
		"thousandths of max_conns that connections may have which are not assured, at the cost of assured ones",
		50, 50, 0, 1000, 0, 0 },
	[CT_P_SOFT] = { "overflow.soft", NULL,
		"soft age: seconds of idleness up to which an assured connection is not recycled lightly; a class may have another one",
		300, 300, 1, CT_TIMEOUT_MAX, 0, 0 },
	[CT_P_SOFT_PART] = { "overflow.soft.part", NULL,
		"the soft age is not above so many thousandths of the timeout of the connection's state, its policy's if that has one",
		1000, 1000, 1, 1000, 0, 0 },
	[CT_P_HOLD] = { "overflow.hold", NULL,
		"milliseconds at most that a TCP connection which has proven nothing is spared while it waits for the next step of its handshake, as long as such steps take; 0: not",
		1000, 1000, 0, 60000, 0, 0 },
	[CT_P_PREFIX4] = { "overflow.prefix4", NULL,
		"bits of an IPv4 address that make it one source for fairness and limits; not changed where a limit has sources counted, once a thread has attached",
		32, 32, 1, 32, 0, 0 },
	[CT_P_PREFIX6] = { "overflow.prefix6", NULL,
		"bits of an IPv6 address that make it one source for fairness and limits; not changed where a limit has sources counted, once a thread has attached",
		64, 64, 1, 128, 0, 0 },
	[CT_P_SOURCE_MAX] = { "overflow.source.max", NULL,
		"connections that a source may have; 0: no limit; not raised from 0 once a thread has attached",
		0, 0, 0, UINT32_MAX, 0, 0 },
	[CT_P_SOURCE_MIN] = { "overflow.source.min", NULL,
		"connections of a source that others may not take from it, proven or not; nothing is kept free for those to come; 0: none; not raised from 0 once a thread has attached",
		0, 0, 0, UINT32_MAX, 0, 0 },
	[CT_P_VICTIMS] = { "overflow.victims", NULL,
		"how many of the latest victims are remembered",
		64, 64, 1, 65536, CT_PARAM_SEALED, 0 },
	[CT_P_HALF_LIFE] = { "overflow.half_life", NULL,
		"seconds in which half of what top talkers have opened is forgotten",
		60, 60, 1, CT_TIMEOUT_MAX, 0, 0 },
	[CT_P_SYN_PROXY] = { "overflow.syn_proxy", NULL,
		"SYNs are answered with a cookie, and connections opened by its ACK (RFC 4987 3.6), where the host has an emit hook; 0: where a policy says so; 1: also above the soft watermark, or beyond a budget of half-open connections; 2: all",
		0, 0, 0, 2, 0, 0 },
	[CT_P_SYN_MSS] = { "overflow.syn_proxy.mss", NULL,
		"segment size that clients are offered for their servers over IPv4; over IPv6 20 less",
		1460, 1460, 536, 65535, 0, 0 },
	[CT_P_SYN_WSCALE] = { "overflow.syn_proxy.wscale", NULL,
		"window shift that clients are offered for their servers, whose windows are converted to it (RFC 7323 2.2)",
		7, 7, 0, 14, 0, 0 },
	[CT_P_SYN_STAMPS] = { "overflow.syn_proxy.timestamps", NULL,
		"1: clients that have time stamps are offered them; 0: not, since some servers have none (RFC 7323 3.2)",
		1, 1, 0, 1, 0, 0 },
	[CT_P_HALF_MAX] = { "overflow.half_open.max", NULL,
		"half-open TCP connections, whose SYN was seen and whose handshake is not over: beyond so many a SYN is refused, or gets a cookie; what is picked up is none; 0: no limit; not raised from 0 once a thread has attached",
		0, 0, 0, UINT32_MAX, 0, 0 },
	[CT_P_HALF_SOURCE] = { "overflow.half_open.source", NULL,
		"the same of one source; not raised from 0 once a thread has attached",
		0, 0, 0, UINT32_MAX, 0, 0 },
	[CT_P_PROBE] = { "overflow.probe", NULL,
		"established TCP connections past their soft age get a keep-alive at each end before they go (RFC 1122 4.2.3.6), where the host has an emit hook; 0: those of classes with CT_CLASS_PROBE; 1: all",
		0, 0, 0, 1, 0, 0 },
	[CT_P_PROBE_RATE] = { "overflow.probe.rate", NULL,
		"keep-alives, resets and ICMP errors of this kind at most, a second",
		1000, 1000, 1, 1u << 24, 0, 0 },
	[CT_P_PROBE_WAIT] = { "overflow.probe.wait", NULL,
		"seconds that an end has for its answer to a keep-alive, twice",
		5, 5, 2, 300, 0, 0 },
	[CT_P_PROBE_STAMPS] = { "overflow.probe.timestamps", NULL,
		"1: every connection keeps the latest time stamps of TCP, so that keep-alives have them where they were agreed (RFC 7323 3.2); one unit of 64 bytes more",
		0, 0, 0, 1, CT_PARAM_SEALED, 0 },
	[CT_P_RESET] = { "overflow.reset", NULL,
		"1: a translated TCP or UDP connection that is assured and gives way is told to both ends, by RSTs or ICMP errors, where the host has an emit hook",
		0, 0, 0, 1, 0, 0 },
};
/* clang-format on */

int ct_registry_init(struct ct_table *tbl)
{
	uint32_t base;

	return ct_params_add(&tbl->params, core_params, CT_P_MAX, &base);
}

int ct_sized_copy(void *to, size_t to_size, const void *from)
{
	const uint8_t *bytes = from;
	size_t size;

	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return CT_E_INVAL;
	for (size_t i = to_size; i < size; i++)
		if (bytes[i])
			return CT_E_VERSION;
	memset(to, 0, to_size);
	memcpy(to, from, size < to_size ? size : to_size);
	memcpy(to, &to_size, sizeof(to_size));
	return 0;
}

int ct_sized_answer(void *to, const void *from, size_t from_size)
{
	size_t size;

	memcpy(&size, to, sizeof(size));
	if (size < sizeof(size))
		return CT_E_VERSION;
	memset(to, 0, size);
	memcpy(to, from, size < from_size ? size : from_size);
	memcpy(to, &size, sizeof(size));
	return 0;
}

static bool sealed(const struct ct_table *tbl)
{
	return atomic_load_explicit(&tbl->sealed, memory_order_acquire);
}

/* Numbers below this one are kept for what is built in. */
#define L3_STRANGERS 16

static bool l3_free_for_all(uint8_t l3)
{
	return l3 == CT_L3_IPV4 || l3 == CT_L3_IPV6 || l3 >= L3_STRANGERS;
}

int ct_l3_register(struct ct_table *tbl, const struct ct_l3_ops *ops)
{
	struct ct_registry *reg = &tbl->registry;

	if (sealed(tbl))
		return CT_E_SEALED;
	/* A constant is not copied, so it must be of our version. */
	if (ops->size != sizeof(*ops))
		return CT_E_VERSION;
	if (!ops->name || !l3_free_for_all(ops->l3) || !ops->parse ||
	    !ops->parse_quoted || !ops->pseudo_sum || !ops->addr_text ||
	    ops->addr_len > 16)
		return CT_E_INVAL;
	if (!reg->l3_at[ops->l3]) {
		if (reg->n_l3 + 1 == CT_L3_TRACKERS)
			return CT_E_FULL;
		reg->l3_at[ops->l3] = (uint8_t)++reg->n_l3;
	}
	reg->l3[reg->l3_at[ops->l3]] = ops;
	return 0;
}

/* => The tracker's place, or the next free one; CT_TRACKERS when full. */
static uint32_t place(const struct ct_registry *reg, uint8_t l4)
{
	if (l4 == CT_L4_GENERIC)
		return 0;
	return reg->l4_at[l4] ? reg->l4_at[l4] : reg->n_l4 + 1;
}

CT_STATIC_ASSERT(CT_PARAM_VALUES <= UINT8_MAX + 1, "a base is a byte");

int ct_l4_register(struct ct_table *tbl, const struct ct_l4_ops *ops)
{
	struct ct_registry *reg = &tbl->registry;
	uint32_t base = 0, at;
	int error;

	if (sealed(tbl))
		return CT_E_SEALED;
	if (ops->size != sizeof(*ops))
		return CT_E_VERSION;
	if (!ops->name || !ops->tuple || !ops->invert || !ops->open ||
	    !ops->packet || ops->state_size > CT_L4_STATE_MAX ||
	    ops->ids > CT_IDS_NONE)
		return CT_E_INVAL;
	at = place(reg, ops->l4);
	if (at == CT_TRACKERS)
		return CT_E_FULL;
	if (ops->n_params) {
		error = ct_params_add(&tbl->params, ops->params, ops->n_params,
				      &base);
		if (error)
			return error;
	}
	/* Nothing fails any more. */
	reg->l4_at[ops->l4] = (uint8_t)at;
	if (at > reg->n_l4)
		reg->n_l4 = at;
	reg->l4[at] = ops;
	reg->params[at] = (uint8_t)base;
	return 0;
}

uint32_t ct_l4_param(const struct ct_thread *thr, const struct ct_l4_ops *ops,
		     const struct ct_conn *conn, unsigned n)
{
	return ct_param_of(thr, ops, conn, n);
}

/* --- Parameters, as the host sees them ---------------------------------- */

int ct_param_set(struct ct_table *tbl, const char *name, uint64_t value)
{
	const struct ct_param_def *def;
	uint32_t index;

	def = ct_params_find(&tbl->params, name, &index);
	if (!def)
		return CT_E_NOENT;
	if (value < def->min || value > def->max)
		return CT_E_RANGE;
	if (index == CT_P_MAX_CONNS && value > tbl->max_conns)
		return CT_E_RANGE;
	if ((def->flags & CT_PARAM_SEALED) && sealed(tbl))
		return CT_E_SEALED;
	if ((index == CT_P_PREFIX4 || index == CT_P_PREFIX6) &&
	    (tbl->limits.sources.slots || tbl->half.sources.slots))
		return CT_E_SEALED;
	if (index == CT_P_VERDICT && !ct_verdict_possible(tbl, value))
		return CT_E_REFUSED;
	ct_params_store(&tbl->params, index, (uint32_t)value);
	return 0;
}

int ct_param_get(const struct ct_table *tbl, const char *name, uint64_t *value)
{
	uint32_t index;

	if (!ct_params_find(&tbl->params, name, &index))
		return CT_E_NOENT;
	*value = ct_params_value(&tbl->params, index);
	return 0;
}

int ct_param_info(const struct ct_table *tbl, unsigned n,
		  struct ct_param_info *info)
{
	const struct ct_param_def *def = ct_params_nth(&tbl->params, n);
	struct ct_param_info now;

	if (!def)
		return CT_E_NOENT;
	now = (struct ct_param_info){
		.name = def->name,
		.alias = def->alias,
		.doc = def->doc,
		.value = ct_params_value(&tbl->params, n),
		.linux_value = def->linux_value,
		.recommended = def->recommended,
		.min = def->min,
		.max = n == CT_P_MAX_CONNS ? tbl->max_conns : def->max,
	};
	return ct_sized_answer(info, &now, sizeof(now));
}
