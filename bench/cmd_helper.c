/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_helper.c - what helpers cost those who have one, and those who have none
 *
 *	alone		packets of flows without helper; no connection has one
 *	beside		the same; CONTROL others have the FTP helper, and each
 *			of those expects a connection
 *	command		packets of these: a command or an answer, one line
 *	PORT		packets of these: each command announces a port
 *
 * Each row has a function of its own around what is timed, so that callgrind
 * tells their instructions apart: see docs/performance.md.
 */
#include "commands.h"
#include "round.h"
#include "seat.h"

#include <conntrack/expect.h>
#include <conntrack/policy.h>
#include <stdio.h>
#include <string.h>

/* Masters; few enough for what a table expects at most. */
enum { CONTROL = 256 };

#define NOINLINE __attribute__((noinline))

static NOINLINE uint64_t forward_alone(struct seat *seat)
{
	return seat_forward(seat);
}

static NOINLINE uint64_t forward_beside(struct seat *seat)
{
	return seat_forward(seat);
}

static NOINLINE uint64_t forward_command(struct seat *seat)
{
	return seat_forward(seat);
}

static NOINLINE uint64_t forward_port(struct seat *seat)
{
	return seat_forward(seat);
}

/* --- What is said ------------------------------------------------------- */

/* => PAYLOAD bytes. */
static void write_text(char *text, const char *words)
{
	size_t len = strlen(words);

	memset(text, 'x', PAYLOAD);
	memcpy(text, words, len);
	memcpy(text + PAYLOAD - 2, "\r\n", 2);
}

static void say_command(struct ct_pkt *pkt, enum ct_dir dir, uint32_t n)
{
	(void)n;
	write_text((char *)pkt->data + pkt->len - PAYLOAD,
		   dir == CT_DIR_ORIG ? "RETR " : "150 Opening ");
}

/* Each another port than the one before. */
static void say_port(struct ct_pkt *pkt, enum ct_dir dir, uint32_t n)
{
	const uint8_t *src = pkt->data + 12;
	char words[PAYLOAD];

	snprintf(words, sizeof(words), "PORT %u,%u,%u,%u,%u,%u\r\nSITE ",
		 src[0], src[1], src[2], src[3], 40 + n % 200, n / 200 % 256);
	write_text((char *)pkt->data + pkt->len - PAYLOAD,
		   dir == CT_DIR_ORIG ? words : "200 Good ");
}

/* --- Rounds ------------------------------------------------------------- */

struct kind {
	const char *name;
	uint64_t (*forward)(struct seat *seat);
	/* NULL: flows without helper */
	void (*say)(struct ct_pkt *pkt, enum ct_dir dir, uint32_t n);
};

enum { ALONE, BESIDE, COMMAND, ANNOUNCE, KINDS };

static const struct kind kinds[KINDS] = {
	[ALONE] = { "alone", forward_alone, NULL },
	[BESIDE] = { "beside", forward_beside, NULL },
	[COMMAND] = { "command", forward_command, say_command },
	[ANNOUNCE] = { "PORT", forward_port, say_port },
};

static void one_burst(struct seat *seat, const struct kind *kind,
		      struct watch *watch)
{
	uint32_t conns = seat->world->options->conns;

	/* The share is where the flows begin. */
	seat->share = kind->say ? conns : 0;
	seat->n_shares = 1;
	seat_data(seat, kind->say ? CONTROL : conns, BOTH_WAYS);
	for (unsigned i = 0; kind->say && i < seat->n; i++)
		kind->say(&seat->pkt[i], (enum ct_dir)seat->dir[i],
			  seat->next_flow++);
	watch_sample(watch, seat, kind->forward(seat));
	seat_expect(seat, CT_ESTABLISHED);
}

static void round_of(struct seat *seat, void *user)
{
	const struct options *options = seat->world->options;
	const struct kind *const *kind = user;
	uint64_t end = host_ticks() + host_ticks_of_ms(options->ms);
	struct watch watch;
	uint64_t n = 0;

	seat_round(seat);
	watch_start(&watch);
	while (seat_goes_on(seat, &n, end)) {
		one_burst(seat, *kind, &watch);
		seat->poll_ticks += seat_poll(seat);
		seat->n_packets += seat->n;
	}
	seat->n_polled = seat->n_packets;
	watch_clean(&watch, seat);
}

static void measure(struct world *world, struct limits *limits, struct row *row,
		    const struct kind *kind)
{
	world_team(world, 1, round_of, &kind);
	row_add(row, world->seat, 1, ROW_MEDIAN);
	row_weigh(row, world);
	limits_round(limits, world);
	row_compare(row, limits, 1);
}

/* --- Masters ------------------------------------------------------------ */

static bool count(void *user, struct ct_expect *exp)
{
	(void)exp;
	++*(unsigned *)user;
	return true;
}

static void count_all(struct seat *seat, void *user)
{
	ct_expect_walk(seat->thr, NULL, count, user);
}

static void announce_all(struct seat *seat, void *user)
{
	struct watch watch;

	(void)user;
	watch_start(&watch);
	for (unsigned n = 0; n < 16 * CONTROL; n += seat->n)
		one_burst(seat, &kinds[ANNOUNCE], &watch);
}

static void open_control(struct world *world)
{
	const struct ct_policy_def def = { .size = sizeof(def),
					   .helper = "ftp" };
	uint32_t conns = world->options->conns;

	if (ct_policy_create(world->tbl, &def, &world->policy))
		host_fail("helper: no such helper");
	world_fill(world, conns, conns + CONTROL, STAGE_ESTABLISHED);
	world->policy = NULL;
	world_team(world, 1, announce_all, NULL);
}

/* => Expectations; without them the rows would say nothing. */
static unsigned expected(struct world *world)
{
	unsigned n = 0;

	world_team(world, 1, count_all, &n);
	if (n < CONTROL / 2)
		host_fail("helper: nothing is expected");
	return n;
}

void cmd_helper(const struct options *options, struct report *report)
{
	static struct row rows[KINDS];
	struct limits limits = { 0 };
	struct world world;
	unsigned n_expected;

	world_open(&world, options, options->conns + CONTROL);
	world_table(&world, world_room(options->conns + CONTROL),
		    WITHOUT_EVENTS);
	world_fill(&world, 0, options->conns, STAGE_ESTABLISHED);
	limits_open(&limits, options, options->conns);
	for (unsigned i = 0; i < options->rounds; i++)
		measure(&world, &limits, &rows[ALONE], &kinds[ALONE]);
	open_control(&world);
	n_expected = expected(&world);
	for (unsigned i = 0; i < options->rounds; i++)
		for (unsigned kind = BESIDE; kind < KINDS; kind++)
			measure(&world, &limits, &rows[kind], &kinds[kind]);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		report_begin(report, kinds[kind].name);
		row_report(&rows[kind], report, &limits, 1);
		report_num(report, "expected", kind ? n_expected : 0, 0);
		report_end(report);
	}
	limits_close(&limits);
	world_table_end(&world);
	world_close(&world);
}
