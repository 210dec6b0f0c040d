# backburn_test(NAME RING SOURCES... LIBRARIES ...): one cmocka program, labelled with its ring.
#   unit: no root, pure. netns, e2e: root; they say 77 where they can't run (which CTest shows as
#   skipped, never as passed).
# LOCKS names the labs that a test brings up: tests of one lab take turns. COST, in seconds, only says
# what is begun first.
function(backburn_test name ring)
	cmake_parse_arguments(arg "" "TIMEOUT;COST" "SOURCES;LIBRARIES;LOCKS" ${ARGN})
	add_executable(${name} ${arg_SOURCES})
	target_link_libraries(${name} PRIVATE backburn_options ${arg_LIBRARIES} PkgConfig::CMOCKA)
	add_test(NAME ${ring}.${name} COMMAND ${name})
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 120)
	endif()
	set_tests_properties(${ring}.${name} PROPERTIES LABELS ${ring} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
		ENVIRONMENT "BACKBURN_BUILD=${CMAKE_BINARY_DIR};BACKBURN_SOURCE=${CMAKE_SOURCE_DIR}")
	set_property(GLOBAL APPEND PROPERTY BACKBURN_TESTS_${ring} ${name})
	if(arg_LOCKS)
		set_tests_properties(${ring}.${name} PROPERTIES RESOURCE_LOCK "${arg_LOCKS}")
	endif()
	if(arg_COST)
		set_tests_properties(${ring}.${name} PROPERTIES COST ${arg_COST})
	endif()
endfunction()
