execute_process(COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name ${NAME}
	OUTPUT_FILE ${OUTPUT}.part RESULT_VARIABLE failed)
if(failed)
	message(FATAL_ERROR "bpftool gen skeleton failed for ${OBJECT}")
endif()
file(RENAME ${OUTPUT}.part ${OUTPUT})
