/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The progress bar; see progress.h.
 */
#include "progress.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  UINT64_C(1000000000)
#define REDRAW_NS (NS_PER_S / 10)
#define CELLS     20 /* length of the bar itself */
#define NAME_MAX_ 28 /* of a file's name, its end */

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void progress_start(struct progress *bar, uint64_t total)
{
	const char *no_colour = getenv("NO_COLOR");

	memset(bar, 0, sizeof(*bar));
	bar->on = isatty(STDERR_FILENO);
	bar->colour = bar->on && !(no_colour && *no_colour);
	bar->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	bar->shared = isatty(STDOUT_FILENO);
	bar->start_ns = clock_ns();
	bar->total = total;
	bar->name = "";
}

void progress_file(struct progress *bar, const char *name)
{
	bar->name = name;
}

double progress_seconds(const struct progress *bar)
{
	return (double)(clock_ns() - bar->start_ns) / (double)NS_PER_S;
}

const char *progress_human(double number, char buf[16])
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	while (number >= 1000 && units[unit + 1]) {
		number /= 1000;
		unit++;
	}
	if (unit)
		snprintf(buf, 16, "%.*f %c", number < 100 ? 1 : 0, number,
			 units[unit]);
	else
		snprintf(buf, 16, "%.0f ", number);
	return buf;
}

static int columns(void)
{
	struct winsize win;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &win) || !win.ws_col)
		return 80;
	return win.ws_col;
}

/* The end of a name says more than its beginning. */
static const char *tail_of(const char *name)
{
	size_t len = strlen(name);

	return len > NAME_MAX_ ? name + len - NAME_MAX_ : name;
}

static void draw_cells(const struct progress *bar, double share)
{
	int full = (int)(share * CELLS);

	fputs(bar->colour ? "\033[32m" : "", stderr);
	for (int i = 0; i < CELLS; i++) {
		if (bar->utf8)
			fputs(i < full ? "\u2588" : "\u2591", stderr);
		else
			fputs(i < full ? "#" : ".", stderr);
	}
	fputs(bar->colour ? "\033[0m" : "", stderr);
}

static void draw_share(const struct progress *bar, double share, double spent)
{
	unsigned long left = 0;

	if (share > 0)
		left = (unsigned long)(spent / share - spent);
	draw_cells(bar, share);
	fprintf(stderr, " %3.0f %%  ETA %lu:%02lu", share * 100, left / 60,
		left % 60);
}

void progress_draw(struct progress *bar, const struct progress_at *at)
{
	double spent = progress_seconds(bar);
	double share = 0;
	char count[16];
	char rate[16];

	if (!bar->on)
		return;
	if (bar->total)
		share = (double)(bar->before + at->offset) / (double)bar->total;
	progress_human((double)at->packets, count);
	progress_human(spent > 0 ? (double)at->packets / spent : 0, rate);
	fprintf(stderr, "\r\033[K[replay] ");
	if (columns() >= 60 + NAME_MAX_)
		fprintf(stderr, "%s ", tail_of(bar->name));
	if (bar->total)
		draw_share(bar, share < 1 ? share : 1, spent);
	fprintf(stderr, "  %spkt  %spkt/s", count, rate);
	fflush(stderr);
	bar->shown = true;
	bar->drawn_ns = clock_ns();
}

bool progress_due(const struct progress *bar)
{
	return bar->on && clock_ns() - bar->drawn_ns >= REDRAW_NS;
}

void progress_hide(struct progress *bar)
{
	if (!bar->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	bar->shown = false;
}

void progress_end(struct progress *bar)
{
	if (bar->shown)
		fputc('\n', stderr);
	bar->shown = false;
}
