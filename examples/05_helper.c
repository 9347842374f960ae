/* SPDX-License-Identifier: CC0-1.0 */
/* A helper of one's own, in the public domain.  Somebody says "CALL ME AT 7000"
 * to UDP port 4000, and is called there, from any port.  Two who sit behind one
 * address say so, and both are called. */
#include <arpa/inet.h>
#include <conntrack/burst.h>
#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/helper.h>
#include <conntrack/policy.h>
#include <stdio.h>

enum { UDP = 17, IP_LEN = 20, HEADERS = IP_LEN + 8, CALL_S = 30 };

/* --- The helper --------------------------------------------------------- */

static const char command[] = "CALL ME AT ";
static const struct ct_expect_class classes[] = {
	{ .name = "call", .max = 1, .timeout_s = CALL_S },
};

/* => Where the port's digits end; 0 when it is no such command. */
static uint32_t find_port(const struct ct_speech *speech, uint32_t *port)
{
	struct ct_cursor cur = ct_cursor_of(speech->bytes, speech->len);
	const uint8_t *word = ct_cursor_take(&cur, sizeof(command) - 1);
	uint32_t end = sizeof(command) - 1;

	if (!word || memcmp(word, command, end) != 0)
		return 0;
	for (*port = 0; end < speech->len && *port <= UINT16_MAX; end++) {
		uint8_t digit = ct_cursor_u8(&cur);

		if (digit < '0' || digit > '9')
			break;
		*port = *port * 10 + digit - '0';
	}
	return *port && *port <= UINT16_MAX ? end : 0;
}

/* Find the command, read the port, expect, rewrite. */
static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	const uint32_t at = sizeof(command) - 1;
	enum ct_dir back = pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct ct_expect_def def = { .size = sizeof(def) };
	struct ct_tuple speaker;
	uint32_t port, end = find_port(speech, &port);
	char text[8];

	ct_conn_tuple(pkt->conn, pkt->dir, &speaker); /* as it knows itself */
	if (!end ||
	    !ct_help_allowed(thr, pkt, &speaker.src, htons((uint16_t)port)))
		return CT_HELP_OK;
	ct_conn_tuple(pkt->conn, back, &def.tuple); /* as the others do */
	def.tuple.src_id = 0;                       /* from any port, ... */
	memset(&def.src_mask, 0xff,
	       sizeof(def.src_mask)); /* but of that host */
	def.tuple.dst_id = def.nat_id = htons((uint16_t)port);
	def.nat_dir = (uint8_t)back;
	if (ct_conn_status(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT))
		def.flags = CT_EXPECT_NAT;
	if (ct_expect_add_near(thr, pkt->conn, &def, NULL))
		return ct_help_drop(thr, pkt, "No port is left.");
	snprintf(text, sizeof(text), "%u", ntohs(def.tuple.dst_id));
	if (ct_help_replace(thr, pkt, speech, at, end - at, text,
			    (uint32_t)strlen(text)))
		return ct_help_drop(thr, pkt, "The port does not fit in.");
	return CT_HELP_OK;
}

static const struct ct_helper_ops call_me = {
	.size = sizeof(call_me),
	.name = "call-me",
	.l4 = UDP,
	.classes = classes,
	.n_classes = 1,
	.help = help,
};

/* --- A host ------------------------------------------------------------- */

static const struct ct_policy *with_helper;
static const union ct_addr outside = { .bytes = { 192, 0, 2, 1 } };

static void on_event(void *user, const struct ct_event_info *ev)
{
	char line[1024];

	(void)user;
	if (ct_event_text(ev, CT_TEXT_LIST, line, sizeof(line)) > 0)
		printf("%s%s\n", line,
		       ev->events & CT_EV_RELATED ? " [RELATED]" : "");
}

/* What comes from inside leaves with our address. */
static enum ct_verdict new_conn(void *user, struct ct_thread *thr,
				struct ct_pkt *pkt)
{
	(void)user;
	if (pkt->state == CT_NEW && pkt->data[12] == 10)
		ct_nat_masquerade(thr, pkt, &outside, NULL);
	return CT_ACCEPT;
}

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* A datagram without checksums, from one to the other. */
static void say(struct ct_thread *thr, uint32_t src, uint16_t sport,
		uint32_t dst, uint16_t dport, const char *text)
{
	uint32_t len = HEADERS + (uint32_t)strlen(text), sum = 0;
	uint8_t ip[128] = { 0x45, 0, 0, (uint8_t)len, 0, 0, 0, 0, 64, UDP };
	const struct ct_rules rules = { .size = sizeof(rules),
					.new_conn = new_conn };
	struct ct_pkt pkt = { .data = ip, .len = len, .l3 = CT_L3_IPV4 };
	struct ct_pkt *one = &pkt;
	enum ct_verdict verdict;

	put16(ip + 12, src >> 16), put16(ip + 14, src);
	put16(ip + 16, dst >> 16), put16(ip + 18, dst);
	for (int i = 0; i < IP_LEN; i += 2)
		sum += ct_load_u16(ip + i);
	put16(ip + 10, ~(sum + (sum >> 16)));
	put16(ip + 20, sport), put16(ip + 22, dport);
	put16(ip + 24, len - IP_LEN);
	memcpy(ip + HEADERS, text, strlen(text));
	pkt.tailroom = sizeof(ip) - len;
	pkt.policy = dport == 4000 ? with_helper : NULL;
	ct_forward_burst(thr, &one, 1, &rules, &verdict);
	if (verdict == CT_ACCEPT)
		printf("          \"%.*s\" to %u.%u.%u.%u:%u\n",
		       (int)(pkt.len - HEADERS), (char *)ip + HEADERS, ip[16],
		       ip[17], ip[18], ip[19], ct_load_u16(ip + 22));
}

int main(void)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "call-me" };
	const uint32_t ann = 0x0a000002, bob = 0x0a000003;
	const uint32_t server = 0xc6336405, us = 0xc0000201;
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct ct_sub *sub;

	if (ct_table_create(NULL, &tbl) || ct_helper_register(tbl, &call_me) ||
	    ct_policy_create(tbl, &def, &with_helper) ||
	    ct_subscribe(tbl, CT_EV_NEW | CT_EV_RELATED, on_event, NULL,
			 &sub) ||
	    ct_thread_attach(tbl, &thr))
		return 1;
	ct_thread_poll(thr, 1000000000);
	say(thr, ann, 5000, server, 4000, "CALL ME AT 7000");
	say(thr, bob, 5001, server, 4000, "CALL ME AT 7000");
	say(thr, server, 9, us, 7000, "Ann?");
	say(thr, server, 9, us, 7001, "Bob?");
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	return 0;
}
