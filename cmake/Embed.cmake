# backburn_embed(TARGET SYMBOL FILE): compiles FILE's bytes, NUL-terminated, into TARGET as
#   const char SYMBOL[]; const size_t SYMBOL_size (without the NUL).
function(backburn_embed target symbol file)
	set(source ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
	add_custom_command(OUTPUT ${source}
		COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DINPUT=${file} -DOUTPUT=${source}
			-P ${CMAKE_SOURCE_DIR}/cmake/EmbedScript.cmake
		DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/EmbedScript.cmake
		COMMENT "Embedding ${symbol}" VERBATIM)
	target_sources(${target} PRIVATE ${source})
endfunction()
