# SPDX-License-Identifier: BSD-2-Clause
# ct_warnings(TARGET...): what the compiler shall complain about, and why.
# What a directory or target does not want it takes out again, with its reason.

set(CT_WARNINGS
	-Wall -Wextra		# the ground floor
	-Wshadow		# two things of one name: a reader sees the wrong one
	-Wcast-qual		# packets and ops tables are const for a reason
	-Wstrict-prototypes	# f() is not f(void) in C11
	-Wmissing-prototypes	# a function is static or stands in a header
	-Wvla			# a packet must not choose the size of our stack
	-Wundef			# a misspelt #if is silently 0
	-Wconversion		# lengths from packets must not be cut unseen
)
# Casts of packet memory to structs, also where the CPU would forgive them.
set(CT_WARNINGS_GNU -Wcast-align=strict)
if(CT_SANITIZE)
	# gcc 12 looks at a shift after it was instrumented, and then warns of
	# a conversion that is written as a cast.
	list(APPEND CT_WARNINGS_GNU -Wno-conversion)
endif()
set(CT_WARNINGS_Clang
	-Wno-cast-qual		# sees into liburcu's list macros; gcc does not
	-Wthread-safety		# CT_REQUIRES(lock) is checked
	-Wdocumentation		# @param names a parameter that exists
	-Wno-documentation-unknown-command	# @context is our own word
)

function(ct_warnings)
	foreach(target IN LISTS ARGN)
		target_compile_options(${target} PRIVATE ${CT_WARNINGS}
			${CT_WARNINGS_${CMAKE_C_COMPILER_ID}})
		set_target_properties(${target} PROPERTIES
			COMPILE_WARNING_AS_ERROR ${CT_WERROR})
	endforeach()
endfunction()
