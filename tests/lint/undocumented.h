/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * A header that the documentation gate must refuse: b is not explained.
 */
#ifndef CT_TEST_UNDOCUMENTED_H
#define CT_TEST_UNDOCUMENTED_H

/**
 * A function.
 *
 * @param a  the first
 * @return   something
 */
int ct_test_undocumented(int a, int b);

#endif /* CT_TEST_UNDOCUMENTED_H */
