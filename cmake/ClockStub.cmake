# The code that runs inside of a process whose clock is skewed, as bytes: linked by itself, so that
# it may lie anywhere, without anything that a build adds for its own ends (sanitizers, coverage).
# The distances are those of injector/clock/page.h.
find_program(BACKBURN_LD NAMES ld REQUIRED)
set(stub_source ${CMAKE_SOURCE_DIR}/injector/clock/stub.c)
set(stub_object ${CMAKE_BINARY_DIR}/injector/clock_stub.o)
set(stub_bytes ${CMAKE_BINARY_DIR}/injector/clock_stub.bin)
add_custom_command(OUTPUT ${stub_bytes}
	COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -O2 -Wall -Wextra -Werror -fPIE -ffreestanding -fcf-protection=none
		-fno-stack-protector -fno-asynchronous-unwind-tables -fno-jump-tables -mgeneral-regs-only
		-I${CMAKE_SOURCE_DIR} -c ${stub_source} -o ${stub_object}
	COMMAND ${BACKBURN_LD} -m elf_x86_64 -nostdlib --no-warn-rwx-segments --build-id=none --oformat=binary
		-e 0 --section-start=.entries=0 -Ttext=0x40 --defsym=original=0xf00 --defsym=control=0x1000
		--defsym=counts=0x2000 ${stub_object} -o ${stub_bytes}
	DEPENDS ${stub_source} ${CMAKE_SOURCE_DIR}/injector/clock/page.h
	COMMENT "Linking the clock's stub" VERBATIM)
backburn_embed(injector_host clock_stub ${stub_bytes})
