/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures of real traffic; see capture.h. */
#include "capture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_HDR = 24, RECORD_HDR = 16, LONGEST = 65535 };
enum { ETHERNET = 1, COOKED = 113 };         /* link types */
enum { ETHERNET_LEN = 14, COOKED_LEN = 16 }; /* the ethertype is last in both */
enum { UDP_LEN = 8 };

static uint32_t u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static FILE *find(const char *name)
{
	const char *dir = getenv("CT_CAPTURES");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s",
		 dir ? dir : CT_SOURCE_DIR "/../shared/captures", name);
	return fopen(path, "rb");
}

bool ct_capture_exists(const char *name)
{
	FILE *file = find(name);

	if (file)
		fclose(file);
	return file != NULL;
}

void ct_capture_open(struct ct_capture *capture, const char *name)
{
	static const uint8_t magic[] = { 0xd4, 0xc3, 0xb2, 0xa1 };
	uint8_t hdr[FILE_HDR];
	uint32_t type;

	memset(capture, 0, sizeof(*capture));
	capture->file = find(name);
	ck_assert_msg(capture->file != NULL, "there is no %s", name);
	ck_assert_uint_eq(fread(hdr, 1, sizeof(hdr), capture->file),
			  sizeof(hdr));
	ck_assert_mem_eq(hdr, magic, sizeof(magic));
	type = u32(&hdr[20]);
	ck_assert(type == ETHERNET || type == COOKED);
	capture->link_len = type == ETHERNET ? ETHERNET_LEN : COOKED_LEN;
}

void ct_capture_close(struct ct_capture *capture)
{
	if (capture->file)
		fclose(capture->file);
	capture->file = NULL;
}

static void note_time(struct ct_capture *capture, const uint8_t *record)
{
	uint64_t ns = u32(record) * UINT64_C(1000000000) +
		      u32(record + 4) * UINT64_C(1000);

	if (!capture->first_ns)
		capture->first_ns = ns;
	if (ns > capture->first_ns + capture->ns)
		capture->ns = ns - capture->first_ns;
}

/* => Whether it was IP. */
static bool take(const uint8_t *frame, uint32_t len, uint32_t link_len,
		 struct ct_test_packet *p)
{
	uint32_t type;

	if (len <= link_len)
		return false;
	type = (uint32_t)frame[link_len - 2] << 8 | frame[link_len - 1];
	if (type != 0x0800 && type != 0x86dd)
		return false;
	p->len = len - link_len;
	ck_assert_uint_le(p->len, sizeof(p->bytes));
	memcpy(p->bytes, frame + link_len, p->len);
	p->l3 = type == 0x0800 ? CT_L3_IPV4 : CT_L3_IPV6;
	p->l4 = p->bytes[p->l3 == CT_L3_IPV4 ? 9 : 6];
	return true;
}

bool ct_capture_next(struct ct_capture *capture, struct ct_test_packet *p)
{
	static uint8_t frame[LONGEST];
	uint8_t record[RECORD_HDR];

	while (fread(record, 1, sizeof(record), capture->file) ==
	       sizeof(record)) {
		uint32_t len = u32(&record[8]);

		ck_assert_uint_le(len, sizeof(frame));
		ck_assert_uint_eq(fread(frame, 1, len, capture->file), len);
		note_time(capture, record);
		if (take(frame, len, capture->link_len, p))
			return true;
	}
	return false;
}

const uint8_t *ct_capture_udp(const struct ct_test_packet *p, uint32_t *len)
{
	uint32_t off = ct_test_l4_off(p);

	*len = ((uint32_t)p->bytes[off + 4] << 8 | p->bytes[off + 5]) - UDP_LEN;
	return p->bytes + off + UDP_LEN;
}
