# SPDX-License-Identifier: BSD-2-Clause
# cmake -D ROOT=<source dir> -P CheckReadme.cmake
# Each piece of C in README.md stands, line by line, in a program that is
# compiled; and each file that it links to exists.
cmake_minimum_required(VERSION 3.25)

set(source examples/embed-min.c)
file(READ ${ROOT}/README.md readme)
file(READ ${ROOT}/${source} program)

# Lists take no part in this: a ; and a [ would be in their way.
set(rest "${readme}")
set(pieces 0)
string(FIND "${rest}" "\n```c\n" start)
while(NOT start EQUAL -1)
	math(EXPR start "${start} + 6")
	string(SUBSTRING "${rest}" ${start} -1 rest)
	string(FIND "${rest}" "```" end)
	string(SUBSTRING "${rest}" 0 ${end} code)
	string(FIND "${program}" "${code}" at)
	if(at EQUAL -1)
		message(SEND_ERROR "no part of ${source}:\n${code}")
	endif()
	math(EXPR pieces "${pieces} + 1")
	string(FIND "${rest}" "\n```c\n" start)
endwhile()
if(pieces EQUAL 0)
	message(SEND_ERROR "README.md shows no C")
endif()

string(REGEX REPLACE "[][;]" "|" readme "${readme}")
string(REGEX MATCHALL "\\|\\(([^):#]+)\\)" links "${readme}")
foreach(link IN LISTS links)
	string(REGEX REPLACE "\\|\\((.*)\\)" "\\1" file "${link}")
	if(NOT EXISTS ${ROOT}/${file})
		message(SEND_ERROR "README.md links to ${file}, which is not there")
	endif()
endforeach()
