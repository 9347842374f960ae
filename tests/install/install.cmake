# SPDX-License-Identifier: BSD-2-Clause
# Installs the build into a scratch prefix, moves it elsewhere, builds and runs
# the consumers against it, and uninstalls.
cmake_minimum_required(VERSION 3.25)

set(here ${CMAKE_CURRENT_LIST_DIR})
set(prefix ${WORK}/moved)
set(manifest ${BUILD}/install_manifest.txt)

function(run)
	execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT
		COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# A user's own manifest must survive, or `uninstall` would miss his files.
function(install_to dir manifest_copy)
	if(EXISTS ${manifest})
		file(RENAME ${manifest} ${manifest}.kept)
	endif()
	run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${dir})
	file(RENAME ${manifest} ${manifest_copy})
	if(EXISTS ${manifest}.kept)
		file(RENAME ${manifest}.kept ${manifest})
	endif()
endfunction()

function(cmake_consumer name)
	run(${CMAKE_COMMAND} -S ${here}/${name} -B ${WORK}/${name}
		-G ${GENERATOR} -D CMAKE_PREFIX_PATH=${prefix}
		-D WANT_VERSION=${VERSION})
	run(${CMAKE_COMMAND} --build ${WORK}/${name})
	foreach(program IN LISTS ARGN)
		run(${WORK}/${name}/${program} ${VERSION})
	endforeach()
endfunction()

function(pkg_config_consumer name)
	execute_process(
		COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pkg_config_path}
			pkg-config --cflags --libs ${ARGN} conntrack
		OUTPUT_VARIABLE flags COMMAND_ERROR_IS_FATAL ANY)
	separate_arguments(flags UNIX_COMMAND "${flags}")
	if("--static" IN_LIST ARGN)
		list(APPEND flags -static)
	endif()
	run(${CC} -o ${WORK}/${name} ${here}/consumer.c ${flags})
	run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${prefix}/${LIBDIR}
		${WORK}/${name} ${VERSION})
endfunction()

file(REMOVE_RECURSE ${WORK})
install_to(${WORK}/first ${WORK}/manifest)
file(RENAME ${WORK}/first ${prefix})

set(pkg_config_path ${prefix}/${LIBDIR}/pkgconfig)
cmake_consumer(cmake use_default use_shared use_static)
cmake_consumer(cxx use_cxx)
pkg_config_consumer(pc_shared)
pkg_config_consumer(pc_static --static)

execute_process(
	COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pkg_config_path}
		pkg-config --modversion conntrack
	OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT version STREQUAL VERSION)
	message(FATAL_ERROR "conntrack.pc says ${version}, not ${VERSION}")
endif()

file(RENAME ${prefix} ${WORK}/first)
run(${CMAKE_COMMAND} -D MANIFEST=${WORK}/manifest
	-P ${here}/../../cmake/Uninstall.cmake)
file(GLOB_RECURSE left ${WORK}/first/*)
if(left)
	message(FATAL_ERROR "uninstall left: ${left}")
endif()
