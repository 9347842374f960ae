# SPDX-License-Identifier: BSD-2-Clause
# cmake -D PROGRAM=... -D LOG=... -D ARGS=... -D EXPECTED=... -P who.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} ${ARGS}
	INPUT_FILE ${LOG}
	OUTPUT_VARIABLE said
	RESULT_VARIABLE result)
if(NOT said STREQUAL EXPECTED)
	message(FATAL_ERROR "said:\n${said}expected:\n${EXPECTED}")
endif()
if((EXPECTED STREQUAL "" AND NOT result EQUAL 1) OR
   (NOT EXPECTED STREQUAL "" AND NOT result EQUAL 0))
	message(FATAL_ERROR "exit status ${result}")
endif()
