# SPDX-License-Identifier: BSD-2-Clause
# cmake -D PROGRAM=... -D EXPECTED=... -P says.cmake
# Runs a program and compares what it says, to the letter.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE said
	COMMAND_ERROR_IS_FATAL ANY)
file(READ ${EXPECTED} expected)
if(NOT said STREQUAL expected)
	message(FATAL_ERROR "it says:\n${said}\ninstead of:\n${expected}")
endif()
