# SPDX-License-Identifier: BSD-2-Clause
# Installs the library, and builds and runs the stranger against that alone.
cmake_minimum_required(VERSION 3.25)

function(run)
	execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT
		COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
# By its component (we name none, which is a name), so that the manifest is
# another one than a user's own, which `uninstall` reads.
run(${CMAKE_COMMAND} --install ${BUILD} --component Unspecified
	--prefix ${WORK}/prefix)

# A copy: nothing beside it in the tree can be found by accident.
file(COPY ${STRANGER}/ DESTINATION ${WORK}/source)
run(${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G ${GENERATOR}
	-D CMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/build)
set(PROGRAM ${WORK}/build/stranger)
include(${CMAKE_CURRENT_LIST_DIR}/says.cmake)
