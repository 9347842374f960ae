/* SPDX-License-Identifier: BSD-2-Clause */
#include "all.h"

#include <cstring>

int main(int argc, char **argv)
{
	ct_table *tbl = nullptr;
	ct_thread *thr = nullptr;

	if (argc != 2 || std::strcmp(argv[1], ct_version()))
		return 1;
	if (ct_table_create(nullptr, &tbl) || ct_thread_attach(tbl, &thr))
		return 2;
	ct_thread_poll(thr, 1);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
	return 0;
}
