/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports of an Amanda server.  What a kernel does with the same texts stands
 * in the golden probe_amanda_answers.
 */
#include "helper/amanda.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	size_t n;
	uint16_t ports[CT_AMANDA_PORTS];
} answers[] = {
	{ "REP\nCONNECT DATA 7001 MESG 7002 INDEX 7003\n",
	  3,
	  { 7001, 7002, 7003 } },
	{ "CONNECT STATE 7004 INDEX 7003 MESG 7002 DATA 7001\n",
	  4,
	  { 7001, 7002, 7003, 7004 } },
	{ "CONNECT DATA 7001\nMESG 7002\n", 1, { 7001 } },
	{ "CONNECT METADATA 7001\n", 1, { 7001 } },
	{ "CONNECT DATA 7001 DATA 7002\n", 1, { 7001 } },
	{ "CONNECT DATA 70010 MESG 7002\n", 2, { 4474, 7002 } },
	{ "CONNECT DATA 700100 MESG 7002\n", 2, { 4474, 7002 } },
	{ "CONNECT DATA 0 MESG 7002\n", 0, { 0 } },
	{ "CONNECT DATA 65536 MESG 7002\n", 0, { 0 } },
	{ "CONNECT MESG 7002 DATA x\n", 0, { 0 } },
	{ "CONNECT DATA  7001\n", 0, { 0 } },
	{ "CONNECT DATA 7001", 0, { 0 } },
	{ "CONNECT\nDATA 7001\n", 0, { 0 } },
	{ "connect DATA 7001\n", 0, { 0 } },
	{ "", 0, { 0 } },
};

/* The number that these bytes are. */
static uint16_t digits(const char *text, uint32_t len)
{
	char copy[8] = "";

	ck_assert_uint_lt(len, sizeof(copy));
	memcpy(copy, text, len);
	return (uint16_t)strtoul(copy, NULL, 10);
}

START_TEST(a_server_names_ports)
{
	size_t len = strlen(answers[_i].text);
	char *exact = malloc(len ? len : 1);
	struct ct_amanda_port ports[CT_AMANDA_PORTS];
	size_t n;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, answers[_i].text, len);
	n = ct_amanda_parse(ct_cursor_of(exact, len), ports);
	free(exact);
	ck_assert_uint_eq(n, answers[_i].n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(ports[i].port, answers[_i].ports[i]);
		ck_assert_uint_eq(
			digits(answers[_i].text + ports[i].off, ports[i].len),
			ports[i].port);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("helper/amanda");
	TCase *tcase = tcase_create("answers");

	tcase_add_loop_test(tcase, a_server_names_ports, 0,
			    sizeof(answers) / sizeof(answers[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
