# SPDX-License-Identifier: BSD-2-Clause
# cmake -D WORK=<scratch dir> -P CheckFloorsTest.cmake
#
# Plants one mistake at a time in a small tree and sees that CheckFloors.cmake
# names this one and nothing else.
cmake_minimum_required(VERSION 3.25)

set(spdx "/* SPDX-License-Identifier: BSD-2-Clause */\n")

function(write file text)
	file(WRITE ${WORK}/${file} "${spdx}${text}")
endfunction()

function(plant_nothing)
	file(REMOVE_RECURSE ${WORK})
	write(include/conntrack/types.h "#include <stdint.h>\n")
	write(lib/table.c "#include \"core/conn.h\"\n#include \"table.h\"\n")
	write(lib/core/conn.c "#include \"core/conn.h\"\n#include \"base/mem.h\"\n")
	write(lib/proto/tcp.c "#include <conntrack/plugin.h>\n#include \"wire/csum.h\"\n")
	write(lib/helper/ftp.c "#include <conntrack/plugin.h>\n")
	string(REPEAT "\tx++;\n" 77 body)
	write(lib/base/long.c "static int x;\n\nint f(int a,\n{\n${body}}\n")
	string(REPEAT "\n" 599 lines)
	write(tests/long_test.c "${lines}")
	string(REPEAT "\n" 249 lines)
	write(include/conntrack/long.h "${lines}")
endfunction()

# RESULT is set to all that was said, "" if nothing.
function(run result)
	execute_process(
		COMMAND ${CMAKE_COMMAND} -D ROOT=${WORK}
			-P ${CMAKE_CURRENT_LIST_DIR}/CheckFloors.cmake
		OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE status)
	if(status EQUAL 0 AND NOT out STREQUAL "")
		message(SEND_ERROR "complains, but succeeds: ${out}")
	endif()
	if(NOT status EQUAL 0 AND out STREQUAL "")
		set(out "failed with ${status}")
	endif()
	set(${result} "${out}" PARENT_SCOPE)
endfunction()

function(expect file text complaint)
	plant_nothing()
	file(WRITE ${WORK}/${file} "${text}")
	run(out)
	# Messages are wrapped and indented by cmake.
	string(REGEX REPLACE "[ \n]+" " " out "${out}")
	if(NOT out MATCHES "${complaint}")
		message(SEND_ERROR
			"${file}: expected \"${complaint}\", got \"${out}\"")
	endif()
	string(REGEX MATCHALL "CMake Error" errors "${out}")
	list(LENGTH errors n)
	if(NOT n EQUAL 1)
		message(SEND_ERROR "${file}: ${n} complaints: ${out}")
	endif()
endfunction()

plant_nothing()
run(out)
if(NOT out STREQUAL "")
	message(SEND_ERROR "complains about a tree without mistakes: ${out}")
endif()

expect(lib/wire/a.c "${spdx}#include \"core/conn.h\"\n"
	"lib/wire/a.c: wire may not include core/conn.h")
expect(lib/proto/a.c "${spdx}#include \"nat/pick.h\"\n"
	"lib/proto/a.c: proto may not include nat/pick.h")
expect(lib/nat/a.c "${spdx}#  include \"overflow/limit.h\"\n"
	"lib/nat/a.c: nat may not include overflow/limit.h")
expect(lib/core/a.c "${spdx}#include \"conn.h\"\n"
	"lib/core/a.c: core may not include conn.h")
expect(lib/core/a.h "${spdx}#include \"../table.h\"\n"
	"lib/core/a.h: core may not include ../table.h")
expect(lib/helper/a.c "${spdx}#include \"core/expect.h\"\n"
	"lib/helper/a.c: helper may not include core/expect.h")
expect(lib/attic/a.c "${spdx}" "attic/ is no floor")
expect(include/conntrack/a.h "${spdx}#include \"types.h\"\n"
	"include/conntrack/a.h: public headers include <...> only")
expect(examples/a.c "int x;\n" "examples/a.c: no licence")

string(REPEAT "\tx++;\n" 78 body)
expect(lib/base/a.c "${spdx}static int x;\n\nint f(int a)\n{\n${body}}\n"
	"lib/base/a.c:4: 81 lines, 80 at most: int f\\(int a\\)")
expect(lib/base/a.c "${spdx}int f(int a,\n\tint b)\n{\n${body}}\nint x;\n"
	"lib/base/a.c:2: 82 lines, 80 at most: int f\\(int a,")
string(REPEAT "\n" 600 lines)
expect(bench/a.c "${spdx}${lines}" "bench/a.c:601 lines, 600 at most")
string(REPEAT "\n" 250 lines)
expect(include/conntrack/a.h "${spdx}${lines}"
	"include/conntrack/a.h:251 lines, 250 at most")
