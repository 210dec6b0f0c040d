file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
# What a char can't hold where it has a sign.
string(REGEX REPLACE "0x([89a-f].)" "(char)0x\\1" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <stddef.h>\nextern const char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_size;\nconst char ${SYMBOL}[] = {\n${bytes}0};\nconst size_t ${SYMBOL}_size = sizeof(${SYMBOL}) - 1;\n")
