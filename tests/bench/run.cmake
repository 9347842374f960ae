# SPDX-License-Identifier: BSD-2-Clause
# cmake -D PROGRAM=... -D ARGS=command;option... -D KEY=key;... [-D ZERO=...]
#	-P run.cmake
#
# The command, small; its answer is an array of objects, of which the last one
# has each KEY, all have all options, and none has lost anything or did more
# than it may; where ZERO is told, it is 0 in all of them.
cmake_minimum_required(VERSION 3.25)

list(POP_FRONT ARGS command)
set(options conns threads burst rounds ms v6 json cross events one split peers
	maintain keep siphash small_pages proto corpus bursts)
set(short --ms 1)
if(command STREQUAL memory) # nothing is timed
	set(short)
endif()
execute_process(
	COMMAND ${PROGRAM} ${command} --conns 2000 --rounds 5 ${short} --json
		${ARGS}
	OUTPUT_VARIABLE json
	ERROR_VARIABLE errors
	RESULT_VARIABLE result)
if(NOT result EQUAL 0)
	message(FATAL_ERROR "${command}: ${result}: ${errors}")
endif()

string(JSON n LENGTH ${json})
if(n EQUAL 0)
	message(FATAL_ERROR "${command} says nothing")
endif()
math(EXPR last "${n} - 1")
foreach(i RANGE ${last})
	string(JSON object GET ${json} ${i})
	string(JSON said GET ${object} command)
	if(NOT said STREQUAL command)
		message(FATAL_ERROR "${command} calls itself ${said}")
	endif()
	foreach(option IN LISTS options)
		# An error when it is not there.
		string(JSON said GET ${object} ${option})
	endforeach()
	foreach(lost bad false_misses misreported over_budget)
		string(JSON number ERROR_VARIABLE absent GET ${object} ${lost})
		if(NOT absent AND NOT number EQUAL 0)
			message(FATAL_ERROR "${command}: ${lost}: ${object}")
		endif()
	endforeach()
endforeach()

if(ZERO)
	foreach(i RANGE ${last})
		string(JSON object GET ${json} ${i})
		string(JSON number GET ${object} ${ZERO})
		if(NOT number EQUAL 0)
			message(FATAL_ERROR "${command}: ${ZERO}: ${object}")
		endif()
	endforeach()
endif()

# What one run found on two threads may be noise; that it is there is not.
foreach(key IN LISTS KEY)
	string(JSON number GET ${object} ${key})
	if(NOT number MATCHES "^-?[0-9.]+$" OR
	   (number LESS_EQUAL 0 AND NOT key STREQUAL "event_ns"))
		message(FATAL_ERROR "${command}: ${key} is ${number}")
	endif()
endforeach()
