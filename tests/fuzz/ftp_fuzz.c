/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the words of FTP.
 *
 *	byte 0	bit 0: the server speaks; bit 1: over IPv6
 *	then	what is said
 *
 * What was understood lies inside the text; written again, it says the same.
 */
#include "fuzz.h"
#include "helper/ftp.h"
#include "payload.h"

#include <stdlib.h>
#include <string.h>

/* An announcement's text, with the word in front that it belongs to. */
static size_t say(const struct ct_ftp_word *word, char *to, size_t size)
{
	static const char *const before[] = { "PORT ", "EPRT ", "227 (",
					      "229 (" };
	char text[CT_FTP_TEXT_SIZE];

	if (ct_ftp_print(text, word) != strlen(text))
		fuzz_wrong("an announcement has another length");
	if (strlen(text) + 10 > size)
		fuzz_wrong("an announcement is too long");
	strcpy(to, before[word->form]);
	strcat(to, text);
	strcat(to, "\r\n");
	return strlen(to);
}

static void check_again(const struct ct_ftp_word *word, uint8_t l3,
			enum ct_dir dir)
{
	struct ct_ftp_word again;
	char text[128];
	size_t len = say(word, text, sizeof(text));

	if (ct_ftp_parse(ct_cursor_of(text, len), l3, dir, &again) !=
	    CT_FTP_SAID)
		fuzz_wrong("what was written cannot be read");
	if (again.form != word->form || again.port != word->port ||
	    memcmp(&again.addr, &word->addr, sizeof(word->addr)) != 0)
		fuzz_wrong("what was written says something else");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_in in = { bytes, len };
	uint8_t steer = fuzz_u8(&in);
	enum ct_dir dir = steer & 1 ? CT_DIR_REPLY : CT_DIR_ORIG;
	uint8_t l3 = steer & 2 ? CT_L3_IPV6 : CT_L3_IPV4;
	uint8_t *copy = fuzz_copy(in.at, in.left);
	struct ct_ftp_word word;

	if (ct_ftp_parse(ct_cursor_of(copy, in.left), l3, dir, &word) ==
	    CT_FTP_SAID) {
		if (word.off > in.left || word.len > in.left - word.off)
			fuzz_wrong("what is said lies behind the text");
		check_again(&word, l3, dir);
	}
	free(copy);
	return 0;
}

static bool wanted(const struct payload *payload)
{
	static const char *const words[] = { "PORT", "EPRT", "227 ",
					     "229 ", "port", "eprt" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (payload->len >= 4 && !memcmp(payload->bytes, words[i], 4))
			return true;
	return false;
}

size_t fuzz_seed(unsigned n, uint8_t to[FUZZ_INPUT_MAX])
{
	struct payload payload;
	uint8_t steer;

	if (!payload_at(n, wanted, &payload))
		return 0;
	steer = payload.bytes[0] == '2';
	if (payload_has(&payload, "|2|"))
		steer |= 2;
	return payload_seed(&payload, &steer, 1, to);
}
