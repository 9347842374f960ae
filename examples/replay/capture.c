/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capture files through libpcap; see capture.h.
 */
#include "capture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NS_PER_S UINT64_C(1000000000)

static int fail(struct capture *cap, const char *text, const char *detail)
{
	snprintf(cap->error, sizeof(cap->error), "%s%s", text, detail);
	return -1;
}

static uint64_t file_size(pcap_t *pcap)
{
	FILE *file = pcap_file(pcap);
	struct stat st;

	if (!file || fstat(fileno(file), &st) || !S_ISREG(st.st_mode))
		return 0;
	return st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static const char *dlt_name(int dlt)
{
	const char *name = pcap_datalink_val_to_name(dlt);

	return name ? name : "(no name)";
}

/* libpcap repeats the file's name in some of its messages; we print it. */
static const char *without_name(const char *text, const char *path)
{
	size_t len = strlen(path);

	if (strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0)
		return text + len + 2;
	return text;
}

int capture_open(struct capture *cap, const char *path)
{
	char text[PCAP_ERRBUF_SIZE];

	memset(cap, 0, sizeof(*cap));
	cap->name = strcmp(path, "-") ? path : "standard input";
	cap->pcap = pcap_open_offline_with_tstamp_precision(
		path, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!cap->pcap)
		return fail(cap, without_name(text, path), "");
	cap->dlt = pcap_datalink(cap->pcap);
	cap->size = file_size(cap->pcap);
	if (!link_known(cap->dlt))
		return fail(cap, "unsupported link type ", dlt_name(cap->dlt));
	return 0;
}

void capture_close(struct capture *cap)
{
	if (cap->pcap)
		pcap_close(cap->pcap);
	cap->pcap = NULL;
}

/* Time before 1970 is as wrong as it looks: it becomes 0. */
static uint64_t time_of(const struct pcap_pkthdr *head)
{
	if (head->ts.tv_sec < 0 || head->ts.tv_usec < 0)
		return 0;
	return (uint64_t)head->ts.tv_sec * NS_PER_S +
	       (uint64_t)head->ts.tv_usec;
}

enum capture_answer capture_next(struct capture *cap,
				 struct capture_frame *next)
{
	struct pcap_pkthdr *head;
	const u_char *bytes;

	switch (pcap_next_ex(cap->pcap, &head, &bytes)) {
	case 1:
		next->frame.bytes = bytes;
		next->frame.len = head->caplen;
		next->frame.wire_len = head->len;
		next->time_ns = time_of(head);
		return CAPTURE_FRAME;
	case PCAP_ERROR_BREAK:
		return CAPTURE_END;
	default:
		fail(cap, pcap_geterr(cap->pcap), "");
		return CAPTURE_BROKEN;
	}
}

uint64_t capture_offset(const struct capture *cap)
{
	off_t at = cap->size ? ftello(pcap_file(cap->pcap)) : 0;

	return at > 0 ? (uint64_t)at : 0;
}
