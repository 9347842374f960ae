/* SPDX-License-Identifier: BSD-2-Clause */
/* Payloads of goldens and captures; see payload.h. */
#include "payload.h"

#include "corpus.h"
#include "fuzz.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZ_CAPTURES
#include "link.h"

#include <pcap/pcap.h>
#endif

/* --- Out of a packet ------------------------------------------------------ */

static struct payload *payloads;
static unsigned n_payloads;
static unsigned n_wanted; /* the first ones */
static unsigned max_payloads;

static void keep(const uint8_t *bytes, size_t len)
{
	if (n_payloads == max_payloads) {
		max_payloads = max_payloads ? 2 * max_payloads : 1024;
		payloads = realloc(payloads, max_payloads * sizeof(*payloads));
		if (!payloads)
			fuzz_wrong("the fuzzer itself is out of memory");
	}
	payloads[n_payloads++] = (struct payload){ fuzz_copy(bytes, len), len };
}

static void add_l4(uint8_t proto, const uint8_t *bytes, size_t len)
{
	size_t head = 8;

	if (proto == IPPROTO_TCP && len >= 20)
		head = (size_t)(bytes[12] >> 4) * 4;
	else if (proto != IPPROTO_UDP)
		return;
	if (len > head)
		keep(bytes + head, len - head);
}

/* Whole packets without extension headers: enough for seeds. */
static void add_packet(const uint8_t *bytes, size_t len)
{
	size_t head;

	if (len >= 20 && bytes[0] >> 4 == 4) {
		head = (size_t)(bytes[0] & 15) * 4;
		if (len > head)
			add_l4(bytes[9], bytes + head, len - head);
	} else if (len > 40 && bytes[0] >> 4 == 6) {
		add_l4(bytes[6], bytes + 40, len - 40);
	}
}

/* --- Captures --------------------------------------------------------------- */

#ifdef FUZZ_CAPTURES
/* Packets of one capture: the first ones say all that is new. */
enum { PACKETS_MAX = 2000 };

static void read_capture(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, error);
	struct pcap_pkthdr *head;
	const uint8_t *bytes;

	if (!capture)
		return;
	for (int i = 0;
	     i < PACKETS_MAX && pcap_next_ex(capture, &head, &bytes) == 1;
	     i++) {
		struct link_frame frame = { .bytes = bytes,
					    .len = head->caplen,
					    .wire_len = head->len };
		struct link_ip ip = { 0 };

		if (link_decode(pcap_datalink(capture), &frame, &ip) == LINK_IP)
			add_packet(bytes + ip.off, ip.len);
	}
	pcap_close(capture);
}

static int is_capture(const struct dirent *entry)
{
	return strstr(entry->d_name, ".pcap") != NULL;
}

static void read_captures(void)
{
	const char *dir = getenv("CT_FUZZ_CAPTURES");
	struct dirent **entries;
	char path[4096];
	int n;

	if (!dir)
		dir = FUZZ_CAPTURES;
	n = scandir(dir, &entries, is_capture, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		read_capture(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}
#else
static void read_captures(void)
{
}
#endif

/* --- Seeds ------------------------------------------------------------------- */

static void read_all(void)
{
	unsigned n = corpus_size();

	for (unsigned i = 0; i < n; i++)
		add_packet(corpus_at(i)->bytes, corpus_at(i)->len);
	read_captures();
	if (!n_payloads)
		fuzz_wrong("no packet has a payload");
}

/* The wanted ones move to the front, once: a program has one target. */
static void sort_out(payload_wanted_fn wanted)
{
	for (unsigned i = 0; i < n_payloads; i++) {
		struct payload payload = payloads[i];

		if (!wanted(&payload))
			continue;
		payloads[i] = payloads[n_wanted];
		payloads[n_wanted++] = payload;
	}
}

bool payload_at(unsigned n, payload_wanted_fn wanted, struct payload *payload)
{
	if (!n_payloads) {
		read_all();
		sort_out(wanted);
	}
	if (n >= n_wanted)
		return false;
	*payload = payloads[n];
	return true;
}

bool payload_has(const struct payload *payload, const char *word)
{
	return memmem(payload->bytes, payload->len, word, strlen(word));
}

size_t payload_seed(const struct payload *payload, const uint8_t *steer,
		    size_t n_steer, uint8_t *to)
{
	size_t len = payload->len;

	if (len > FUZZ_INPUT_MAX - n_steer)
		len = FUZZ_INPUT_MAX - n_steer;
	memcpy(to, steer, n_steer);
	memcpy(to + n_steer, payload->bytes, len);
	return n_steer + len;
}
