/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - the event log on standard output, statistics on demand
 *
 * A line is what conntrack -E prints.  Its second half is how the answers look,
 * so it shows the mapping.  Behind a connection that was expected stands
 * RELATED; expectations have lines of their own.
 */
#include "gateway.h"

#include <arpa/inet.h>
#include <conntrack/expect.h>
#include <inttypes.h>
#include <time.h>

enum { LINE_SIZE = 1024, TIME_SIZE = 32 };

/* The time of day, RFC 3339. */
static void print_time(char text[TIME_SIZE])
{
	char seconds[TIME_SIZE];
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, TIME_SIZE, "%.19s.%03uZ", seconds,
		 (unsigned)(now.tv_nsec / 1000000) % 1000);
}

/* => In the form of a connection's line: to whom, and whose it is.  The source
 *    is shown as far as it counts, which is wholly or not at all. */
static void expect_text(const struct ct_event_info *ev, bool json,
			char line[LINE_SIZE])
{
	static const char *const forms[] = {
		"%s proto=%u src=%s dst=%s dport=%u helper=%s",
		"{\"event\":\"%s\",\"l4\":%u,\"src\":\"%s\",\"dst\":\"%s\","
		"\"dport\":%u,\"helper\":\"%s\"}",
	};
	static const char *const names[2][2] = {
		{ "[EXPECT]", "[EXPECT END]" },
		{ "EXPECT_NEW", "EXPECT_DESTROY" },
	};
	struct ct_expect_view view = { .size = sizeof(view) };
	const struct ct_tuple *t = &view.def.tuple;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family;

	ct_expect_view(ev->thr, ev->exp, &view);
	family = t->l3 == CT_L3_IPV4 ? AF_INET : AF_INET6;
	inet_ntop(family, t->src.bytes, src, sizeof(src));
	inet_ntop(family, t->dst.bytes, dst, sizeof(dst));
	snprintf(line, LINE_SIZE, forms[json],
		 names[json][ev->events == CT_EV_EXPECT_DESTROY], t->l4, src,
		 dst, ntohs(t->dst_id),
		 view.master_helper ? view.master_helper : "");
}

void report_event(void *user, const struct ct_event_info *ev)
{
	const struct gateway *gw = user;
	bool json = gw->log == LOG_JSON;
	char line[LINE_SIZE], when[TIME_SIZE];

	if (gw->log == LOG_NONE)
		return;
	if (ev->exp)
		expect_text(ev, json, line);
	else if (ct_event_text(ev, json ? CT_TEXT_JSON : CT_TEXT_LIST, line,
			       sizeof(line)) <= 0)
		return;
	print_time(when);
	if (json) /* one member more in front */
		printf("{\"time\":\"%s\",%s\n", when, line + 1);
	else
		printf("%s %s%s\n", when, line,
		       ev->events & CT_EV_RELATED ? " [RELATED]" : "");
}

/* --- Statistics --------------------------------------------------------- */

static void print_traffic(FILE *to, const char *what,
			  const struct tun_traffic *traffic)
{
	fprintf(to,
		"  %-10s %12" PRIu64 " packets %15" PRIu64 " bytes, %" PRIu64
		" super-packets, %" PRIu64 " partial checksums\n",
		what, traffic->packets, traffic->bytes, traffic->gso,
		traffic->partial);
}

static void print_device(FILE *to, const char *side, const struct tun *tun)
{
	fprintf(to, "%s: %s, MTU %u\n", side, tun->name, tun->mtu);
	print_traffic(to, "received", &tun->in);
	print_traffic(to, "sent", &tun->out);
	if (tun->refused)
		fprintf(to, "  %-10s %12" PRIu64 " packets\n", "not taken",
			tun->refused);
}

static void print_drops(FILE *to, const struct gateway *gw)
{
	static const char *const texts[] = {
#define DROP_TEXT(name, text) text,
		DROPS(DROP_TEXT)
#undef DROP_TEXT
	};

	fputs("dropped:\n", to);
	for (int i = 0; i < DROP_MAX; i++)
		if (gw->drops[i])
			fprintf(to, "  %12" PRIu64 " %s\n", gw->drops[i],
				texts[i]);
}

static void print_table(FILE *to, struct ct_table *tbl)
{
	struct ct_stats stats = { .size = sizeof(stats) };

	if (ct_stats(tbl, &stats))
		return;
	fprintf(to,
		"connections: %" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes\n",
		stats.conns, stats.max_conns, stats.bytes);
	fputs("reasons:\n", to);
	for (unsigned i = 0; i < CT_REASON_MAX; i++)
		if (stats.reasons[i])
			fprintf(to, "  %12" PRIu64 " %-20s %s\n",
				stats.reasons[i], ct_reason_text(i)->name,
				ct_reason_text(i)->text);
}

void report_stats(const struct gateway *gw, FILE *to)
{
	print_device(to, "inside", &gw->tun[INSIDE]);
	print_device(to, "outside", &gw->tun[OUTSIDE]);
	print_table(to, gw->tbl);
	print_drops(to, gw);
	fprintf(to,
		"answered pings: %" PRIu64 ", ICMP errors sent: %" PRIu64
		", not sent, as there were too many: %" PRIu64
		", packets of the library's own: %" PRIu64 "\n",
		gw->pings, gw->errors, gw->errors_saved, gw->own);
	fflush(to);
}
