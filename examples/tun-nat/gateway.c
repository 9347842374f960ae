/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.c - opening, closing, and the loop around it all
 */
#include "gateway.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

/* ICMP errors a second (RFC 1812 4.3.2.8, RFC 4443 2.4f). */
enum { ERRORS_PER_S = 1000 };

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Opening ------------------------------------------------------------ */

static bool failed(const char *what, int error)
{
	fprintf(stderr, "tun-nat: %s: %s\n", what, ct_strerror(error));
	return false;
}

static bool set_params(struct ct_table *tbl, const struct policy *policy)
{
	for (unsigned i = 0; i < policy->n_params; i++) {
		const struct policy_param *param = &policy->params[i];
		int error = ct_param_set(tbl, param->name, param->value);

		if (error) {
			fprintf(stderr, "tun-nat: %s:%u: %s: %s\n",
				policy->path, param->line, param->name,
				ct_strerror(error));
			return false;
		}
	}
	return true;
}

static bool open_table(struct gateway *gw)
{
	const struct ct_host host = { .size = sizeof(host),
				      .user = gw,
				      .emit = forward_own };
	const struct ct_config cfg = { .size = sizeof(cfg),
				       .host = &host,
				       .max_conns = gw->policy->max_conns };
	int error = ct_table_create(&cfg, &gw->tbl);

	if (error)
		return failed("table", error);
	if (!set_params(gw->tbl, gw->policy) || !helpers_open(gw))
		return false;
	error = ct_subscribe(gw->tbl,
			     CT_EV_NEW | CT_EV_RELATED | CT_EV_DESTROY |
				     CT_EV_EXPECT,
			     report_event, gw, &gw->sub);
	if (!error)
		error = ct_thread_attach(gw->tbl, &gw->thr);
	return !error || failed("table", error);
}

bool gateway_check(const struct policy *policy)
{
	struct gateway gw = { .policy = policy, .log = LOG_NONE };
	bool good = open_table(&gw);

	ct_thread_detach(gw.thr);
	ct_table_destroy(gw.tbl);
	return good;
}

static bool open_devices(struct gateway *gw)
{
	for (int side = 0; side < SIDES; side++) {
		const struct policy_side *on = &gw->policy->sides[side];

		if (!tun_open(&gw->tun[side], on->device, on->netns))
			return false;
	}
	return true;
}

bool gateway_open(struct gateway *gw, const struct policy *policy,
		  enum log_form log)
{
	*gw = (struct gateway){ .policy = policy, .log = log };
	for (int side = 0; side < SIDES; side++)
		gw->tun[side].fd = gw->tun[side].sock = -1;
	gw->frames = calloc(BURST, sizeof(*gw->frames));
	if (gw->frames && open_table(gw) && open_devices(gw))
		return true;
	gateway_close(gw);
	return false;
}

void gateway_close(struct gateway *gw)
{
	if (gw->thr)
		ct_flush(gw->thr, NULL);
	ct_thread_detach(gw->thr);
	ct_table_destroy(gw->tbl);
	for (int side = 0; side < SIDES; side++)
		tun_close(&gw->tun[side]);
	free(gw->frames);
}

/* --- The loop ----------------------------------------------------------- */

/* What is due once a second, whatever the traffic: the ends of connections
 * whose time is up, a changed MTU, the right to send errors. */
static void tick(struct gateway *gw)
{
	if (gw->now_ns < gw->next_tick)
		return;
	gw->next_tick = gw->now_ns + NS_PER_S;
	gw->errors_left = ERRORS_PER_S;
	ct_maintain(gw->tbl, gw->now_ns, 0);
	for (int side = 0; side < SIDES; side++)
		tun_refresh(&gw->tun[side]);
}

/* Sleep until packets, a signal, or the next second.
 *
 * => False when a device is gone. */
static bool rest(struct gateway *gw, struct pollfd fds[SIDES],
		 const sigset_t *asleep)
{
	const struct timespec second = { .tv_sec = 1 };

	for (int side = 0; side < SIDES; side++)
		fds[side] = (struct pollfd){ .fd = gw->tun[side].fd,
					     .events = POLLIN };
	fflush(stdout);
	if (ppoll(fds, SIDES, &second, asleep) < 0)
		fds[INSIDE].revents = fds[OUTSIDE].revents = 0;
	for (int side = 0; side < SIDES; side++) {
		if (fds[side].revents & (POLLERR | POLLHUP | POLLNVAL)) {
			fprintf(stderr, "tun-nat: %s: the device is gone\n",
				gw->tun[side].name);
			return false;
		}
	}
	return true;
}

static void obey(const struct gateway *gw, struct wishes *wishes)
{
	if (!wishes->report)
		return;
	wishes->report = 0;
	report_stats(gw, stderr);
}

bool gateway_run(struct gateway *gw, struct wishes *wishes,
		 const sigset_t *asleep)
{
	struct pollfd fds[SIDES];
	bool good = true;

	gw->now_ns = clock_ns();
	ct_thread_poll(gw->thr, gw->now_ns);
	while (good && !wishes->stop) {
		obey(gw, wishes);
		ct_thread_offline(gw->thr);
		tick(gw);
		good = rest(gw, fds, asleep);
		ct_thread_online(gw->thr);
		gw->now_ns = clock_ns();
		for (int side = 0; side < SIDES; side++) {
			ct_thread_poll(gw->thr, gw->now_ns);
			if (fds[side].revents & POLLIN)
				forward_burst(gw, (enum side)side);
		}
	}
	return good;
}

static void copy_burst(struct gateway *gw, int from)
{
	struct frame *frame = gw->frames;

	for (unsigned i = 0; i < BURST; i++) {
		if (!tun_read(&gw->tun[from], frame))
			return;
		tun_write(&gw->tun[!from], &frame->vnet, frame->data,
			  frame->len);
	}
}

bool gateway_copy(struct gateway *gw, struct wishes *wishes,
		  const sigset_t *asleep)
{
	struct pollfd fds[SIDES];
	bool good = true;

	while (good && !wishes->stop) {
		obey(gw, wishes);
		good = rest(gw, fds, asleep);
		for (int side = 0; side < SIDES; side++)
			if (fds[side].revents & POLLIN)
				copy_burst(gw, side);
	}
	return good;
}
