/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every test program has: main.c runs the one suite that it defines.
 */
#ifndef CT_TEST_SUITE_H
#define CT_TEST_SUITE_H

#include <check.h>

Suite *ct_suite(void);

#endif /* CT_TEST_SUITE_H */
