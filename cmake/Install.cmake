# SPDX-License-Identifier: BSD-2-Clause
# What `cmake --install` puts where; tests/install tries it out.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/conntrack)
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/conntrack
	DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
	FILES_MATCHING PATTERN *.h)
install(FILES ${PROJECT_BINARY_DIR}/include/conntrack/version.h
	DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/conntrack)

# One export per flavour: a package may hold only one of them.
foreach(flavour static shared)
	if(TARGET conntrack_${flavour})
		install(TARGETS conntrack_${flavour} EXPORT conntrack_${flavour})
		install(EXPORT conntrack_${flavour}
			NAMESPACE conntrack::
			FILE conntrack-${flavour}.cmake
			DESTINATION ${package_dir})
	endif()
endforeach()

configure_package_config_file(
	${PROJECT_SOURCE_DIR}/cmake/conntrack-config.cmake.in
	${PROJECT_BINARY_DIR}/conntrack-config.cmake
	INSTALL_DESTINATION ${package_dir}
	NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor release may break what was there.
write_basic_package_version_file(
	${PROJECT_BINARY_DIR}/conntrack-config-version.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES
	${PROJECT_BINARY_DIR}/conntrack-config.cmake
	${PROJECT_BINARY_DIR}/conntrack-config-version.cmake
	DESTINATION ${package_dir})

# The prefix is found from where the .pc file lies, so that the whole tree may
# be moved.
file(RELATIVE_PATH pc_to_prefix
	/prefix/${pc_dir} /prefix)
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
configure_file(cmake/conntrack.pc.in ${PROJECT_BINARY_DIR}/conntrack.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/conntrack.pc DESTINATION ${pc_dir})

add_custom_target(uninstall
	COMMAND ${CMAKE_COMMAND}
		-D MANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt
		-P ${PROJECT_SOURCE_DIR}/cmake/Uninstall.cmake
	COMMENT "Removing what was installed last"
	VERBATIM)
