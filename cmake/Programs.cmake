# backburn_program(TARGET): a program of the house. It lies in bin/, and looks for its libraries in
# lib/ beside itself first, which is how `backburn push` brings them to a host. By DT_RPATH, not
# DT_RUNPATH: only the former also counts for the libraries that those libraries need.
function(backburn_program target)
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin
		BUILD_RPATH "\$ORIGIN/lib" INSTALL_RPATH "\$ORIGIN/lib")
	target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
endfunction()
