# SPDX-License-Identifier: BSD-2-Clause
# cmake -D ROOT=<source dir> -P CheckFloors.cmake
#
# The shape of the tree, which no compiler checks:
#  - a file of lib/ includes its own folder and the floors below it;
#  - public headers include public headers and libc, and so does helper/;
#  - files and functions stay below their size (CheckSizes.awk);
#  - every file says under which licence it may be used.
cmake_minimum_required(VERSION 3.25)

set(base	"")
set(wire	"base")
set(core	"base;wire")
set(proto	"base;wire;core")
set(nat		"base;wire;core")
set(overflow	"base;wire;core")
set(helper	"")
set(top		"base;wire;core;proto;nat;overflow;helper")

function(check_floor file)
	string(REGEX MATCH "^([^/]+)/" floor ${file})
	if(floor)
		set(floor ${CMAKE_MATCH_1})
	else()
		set(floor top)
	endif()
	if(NOT DEFINED ${floor})
		message(SEND_ERROR "lib/${file}: ${floor}/ is no floor")
		return()
	endif()
	file(STRINGS ${ROOT}/lib/${file} lines
		REGEX "^[ \t]*#[ \t]*include[ \t]*\"")
	foreach(line IN LISTS lines)
		string(REGEX REPLACE ".*\"([^\"]+)\".*" "\\1" inc ${line})
		string(REGEX MATCH "^([^/]+)/" dir ${inc})
		if(dir)
			set(dir ${CMAKE_MATCH_1})
		else()
			set(dir top)
		endif()
		if(NOT dir STREQUAL floor AND NOT dir IN_LIST ${floor})
			message(SEND_ERROR
				"lib/${file}: ${floor} may not include ${inc}")
		endif()
	endforeach()
endfunction()

function(check_public file)
	file(STRINGS ${ROOT}/include/${file} lines
		REGEX "^[ \t]*#[ \t]*include[ \t]*\"")
	if(lines)
		message(SEND_ERROR
			"include/${file}: public headers include <...> only")
	endif()
endfunction()

function(check_licence file)
	file(READ ${ROOT}/${file} head LIMIT 100)
	if(NOT head MATCHES "SPDX-License-Identifier: ")
		message(SEND_ERROR "${file}: no licence in the first line")
	endif()
endfunction()

function(check_sizes)
	find_program(AWK NAMES awk mawk gawk REQUIRED)
	execute_process(
		COMMAND ${AWK} -f ${CMAKE_CURRENT_LIST_DIR}/CheckSizes.awk ${ARGN}
		WORKING_DIRECTORY ${ROOT}
		OUTPUT_VARIABLE found
		RESULT_VARIABLE result)
	if(NOT result EQUAL 0)
		message(SEND_ERROR "${found}")
	endif()
endfunction()

foreach(part lib include)
	file(GLOB_RECURSE ${part}_files RELATIVE ${ROOT}/${part}
		${ROOT}/${part}/*.c ${ROOT}/${part}/*.h)
endforeach()
if(NOT lib_files OR NOT include_files)
	message(FATAL_ERROR "${ROOT} is not our source directory")
endif()
foreach(file IN LISTS lib_files)
	check_floor(${file})
endforeach()
foreach(file IN LISTS include_files)
	check_public(${file})
endforeach()

set(all "")
foreach(part lib include tests examples bench)
	file(GLOB_RECURSE files RELATIVE ${ROOT}
		${ROOT}/${part}/*.c ${ROOT}/${part}/*.h)
	list(APPEND all ${files})
endforeach()
foreach(file IN LISTS all)
	check_licence(${file})
endforeach()
check_sizes(${all})
