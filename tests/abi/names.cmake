# SPDX-License-Identifier: BSD-2-Clause
# cmake -D NM= -D LIBRARY= -D MAP= -D HEADERS= -P names.cmake
# The names that the .so exports, those of the map and those which the headers
# declare with CT_API are the same.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
	OUTPUT_VARIABLE out COMMAND_ERROR_IS_FATAL ANY)
# "0000000000001130 T ct_version@@CONNTRACK_0.1"; the node itself is absolute.
string(REGEX MATCHALL " [B-Zb-z] [^@\n]+" exported "${out}")
list(TRANSFORM exported REPLACE "^ . " "")

file(READ ${MAP} text)
string(REGEX REPLACE "/\\*([^*]|\\*[^/])*\\*/" "" text "${text}")
string(REPLACE ";" "!" text "${text}")
string(REGEX MATCHALL "[a-z_][a-z0-9_]* *!" mapped "${text}")
list(TRANSFORM mapped REPLACE " *!" "")

set(declared "")
file(GLOB headers ${HEADERS}/*.h ${HEADERS}/*.h.in)
foreach(header IN LISTS headers)
	file(READ ${header} text)
	# A ; would split the list, a [ would keep it together.
	string(REPLACE ";" "!" text "${text}")
	string(REGEX REPLACE "[][]" " " text "${text}")
	string(REGEX MATCHALL "\nCT_API [^(!]*\\(" found "${text}")
	list(TRANSFORM found REPLACE ".*[ *\n\t]([a-z0-9_]+)\\($" "\\1")
	list(APPEND declared ${found})
endforeach()

function(compare a b)
	set(more ${${a}})
	list(REMOVE_ITEM more ${${b}})
	list(REMOVE_DUPLICATES more)
	if(more)
		list(JOIN more " " more)
		message(SEND_ERROR "${a}, but not ${b}: ${more}")
	endif()
endfunction()

foreach(list exported mapped declared)
	list(LENGTH ${list} n)
	message(STATUS "${n} names are ${list}")
	if(n EQUAL 0)
		message(FATAL_ERROR "this test has gone blind")
	endif()
endforeach()
compare(exported mapped)
compare(mapped exported)
compare(mapped declared)
compare(declared mapped)
