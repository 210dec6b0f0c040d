# backburn_bpf(TARGET NAME): compiles NAME.bpf.c of the calling folder for the BPF machine and makes
# the skeleton ${CMAKE_BINARY_DIR}/bpf/NAME.skel.h; TARGET is an interface library that carries both
# the folder of the skeleton and the order of the build. Needs no BTF of a running kernel.
find_program(BACKBURN_BPF_CLANG NAMES clang clang-14 REQUIRED)
find_program(BACKBURN_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

function(backburn_bpf target name)
	set(source ${CMAKE_CURRENT_SOURCE_DIR}/${name}.bpf.c)
	set(object ${CMAKE_BINARY_DIR}/bpf/${name}.bpf.o)
	set(skeleton ${CMAKE_BINARY_DIR}/bpf/${name}.skel.h)
	file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
	file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bpf)
	add_custom_command(OUTPUT ${object}
		COMMAND ${BACKBURN_BPF_CLANG} -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Werror
			-I${CMAKE_SOURCE_DIR} -c ${source} -o ${object}
		DEPENDS ${source} ${headers} COMMENT "Compiling ${name}.bpf.c" VERBATIM)
	# Through a temporary name: a half-written skeleton must not look finished.
	add_custom_command(OUTPUT ${skeleton}
		COMMAND ${BACKBURN_BPFTOOL} gen object ${object}.linked ${object}
		COMMAND ${CMAKE_COMMAND} -DBPFTOOL=${BACKBURN_BPFTOOL} -DOBJECT=${object}.linked -DNAME=${name}
			-DOUTPUT=${skeleton} -P ${CMAKE_SOURCE_DIR}/cmake/BpfSkeleton.cmake
		DEPENDS ${object} ${CMAKE_SOURCE_DIR}/cmake/BpfSkeleton.cmake
		COMMENT "Generating ${name}.skel.h" VERBATIM)
	add_custom_target(${target}_skeleton DEPENDS ${skeleton})
	add_library(${target} INTERFACE)
	add_dependencies(${target} ${target}_skeleton)
	target_include_directories(${target} SYSTEM INTERFACE ${CMAKE_BINARY_DIR})
	target_link_libraries(${target} INTERFACE PkgConfig::BPF)
endfunction()
