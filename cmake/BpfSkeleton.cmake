# Generated code is not ours to lint.
execute_process(COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name ${NAME}
	OUTPUT_VARIABLE text RESULT_VARIABLE failed)
if(failed)
	message(FATAL_ERROR "bpftool gen skeleton failed for ${OBJECT}")
endif()
file(WRITE ${OUTPUT}.part "/* NOLINTBEGIN */\n" "${text}" "/* NOLINTEND */\n")
file(RENAME ${OUTPUT}.part ${OUTPUT})
