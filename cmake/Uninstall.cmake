# SPDX-License-Identifier: BSD-2-Clause
# cmake -D MANIFEST=install_manifest.txt -P Uninstall.cmake
# Removes the files of the manifest, and folders of ours that became empty.
cmake_minimum_required(VERSION 3.25)

if(NOT EXISTS ${MANIFEST})
	message(FATAL_ERROR "nothing was installed from here: no ${MANIFEST}")
endif()

file(STRINGS ${MANIFEST} files)
set(dirs "")
foreach(file IN LISTS files)
	set(file $ENV{DESTDIR}${file})
	if(EXISTS ${file} OR IS_SYMLINK ${file})
		message(STATUS "Removing ${file}")
		file(REMOVE ${file})
	endif()
	cmake_path(GET file PARENT_PATH dir)
	list(APPEND dirs ${dir})
endforeach()

list(REMOVE_DUPLICATES dirs)
foreach(dir IN LISTS dirs)
	file(GLOB left ${dir}/*)
	if(dir MATCHES "/conntrack$" AND NOT left)
		file(REMOVE_RECURSE ${dir})
	endif()
endforeach()
