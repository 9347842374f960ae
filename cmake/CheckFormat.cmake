# SPDX-License-Identifier: BSD-2-Clause
# cmake -D ROOT=<source dir> -D CLANG_FORMAT=<program> -P CheckFormat.cmake
# Every C file is laid out as .clang-format says.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${CLANG_FORMAT} --version OUTPUT_VARIABLE version)
if(NOT version MATCHES "version 14\\.")
	string(STRIP "${version}" version)
	message(NOTICE "skipped: .clang-format is for 14, this is ${version}")
	return()
endif()

set(files "")
foreach(part lib include tests examples bench)
	file(GLOB_RECURSE found ${ROOT}/${part}/*.c ${ROOT}/${part}/*.h)
	list(APPEND files ${found})
endforeach()
execute_process(
	COMMAND ${CLANG_FORMAT} --dry-run -Werror ${files}
	RESULT_VARIABLE result)
if(NOT result EQUAL 0)
	message(FATAL_ERROR "run clang-format -i on these files")
endif()
