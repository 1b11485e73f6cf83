# One CMake object library per room of src/. Every room sees include/ and src/ (for "room/file.h");
# tests/guard/includes.sh holds the include lines to the table of who may include whom.

set(BM_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wundef -Werror)

function(bm_flags target)
  target_compile_options(${target} PRIVATE ${BM_WARNINGS})
  if(BM_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${BM_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${BM_SANITIZE})
  endif()
  if(BM_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include
                                               ${PROJECT_SOURCE_DIR}/src)
endfunction()

# bm_room(name [FREESTANDING] SOURCES a.c b.c ...)
function(bm_room name)
  cmake_parse_arguments(R "FREESTANDING" "" "SOURCES" ${ARGN})
  add_library(bm_${name} OBJECT ${R_SOURCES})
  bm_flags(bm_${name})
  if(R_FREESTANDING)
    target_compile_options(bm_${name} PRIVATE -ffreestanding)
  endif()
endfunction()
