# One interface target that every C target of the house links: language, warnings, sanitizers.
add_library(backburn_options INTERFACE)
target_include_directories(backburn_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(backburn_options INTERFACE _GNU_SOURCE BACKBURN_VERSION="${PROJECT_VERSION}")
target_compile_options(backburn_options INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
	-Wformat=2 -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough
	-fno-strict-aliasing -fstack-protector-strong)
if(BACKBURN_WERROR)
	target_compile_options(backburn_options INTERFACE -Werror)
endif()
if(BACKBURN_SANITIZE)
	target_compile_options(backburn_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
	target_link_options(backburn_options INTERFACE -fsanitize=address,undefined)
endif()
if(BACKBURN_COVERAGE)
	# Atomic: signal handlers and several processes count in the same files.
	target_compile_options(backburn_options INTERFACE --coverage -fprofile-update=atomic -fprofile-abs-path)
	target_link_options(backburn_options INTERFACE --coverage)
endif()
if(BACKBURN_FAILPOINTS)
	target_compile_definitions(backburn_options INTERFACE BACKBURN_FAILPOINTS)
endif()
if(BACKBURN_FUZZ)
	# Everything is instrumented; only the targets in tests/fuzz get libFuzzer's main().
	set(fuzz_flags -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow)
	target_compile_options(backburn_options INTERFACE ${fuzz_flags} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(backburn_options INTERFACE ${fuzz_flags})
endif()
