/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main() of every unit and flow test.
 *
 * Check runs each test in a process of its own, so that a crash is one failure
 * and not the end.  CK_FORK=no in the environment keeps all in one process,
 * for a debugger; CK_RUN_CASE=NAME picks one case.
 */
#include "suite.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(ct_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	/* A suite that lost all its tests proves nothing. */
	if (srunner_ntests_run(runner) == 0)
		failed = 1;
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
