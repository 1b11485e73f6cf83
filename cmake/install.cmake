# What `make install` puts where. Man pages and completions are made by birthmark-docs.
set(share ${PROJECT_BINARY_DIR}/share)
set(docs $<TARGET_FILE:birthmark-docs>)
set(generated "")

# bm_document(FILE ARG...): FILE below share/ is what birthmark-docs prints for these arguments.
function(bm_document file)
  get_filename_component(folder ${share}/${file} DIRECTORY)
  add_custom_command(OUTPUT ${share}/${file}
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
                     COMMAND ${docs} ${ARGN} > ${share}/${file}
                     DEPENDS birthmark-docs VERBATIM)
  set(generated ${generated} ${share}/${file} PARENT_SCOPE)
endfunction()

bm_document(man/man1/birthmark.1 man)
file(GLOB commands CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cli/cmd_*.c)
list(FILTER commands INCLUDE REGEX "/cmd_[a-z-]+\\.c$") # cmd_x_part.c belongs to x
foreach(command ${commands})
  get_filename_component(name ${command} NAME_WE)
  string(REPLACE "cmd_" "" name ${name})
  bm_document(man/man1/birthmark-${name}.1 man ${name})
endforeach()
bm_document(bash-completion/completions/birthmark complete bash)
bm_document(zsh/site-functions/_birthmark complete zsh)
bm_document(fish/vendor_completions.d/birthmark.fish complete fish)
add_custom_target(documents ALL DEPENDS ${generated})

install(TARGETS birthmark birthmark_lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/birthmark TYPE INCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/espidf/
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/birthmark-espidf)
install(DIRECTORY ${share}/ DESTINATION ${CMAKE_INSTALL_DATAROOTDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ TYPE DOC)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
              ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples TYPE DOC)

# The prefix is known only now (cmake --install --prefix).
set(packages birthmark birthmark-espidf birthmark-openssl)
if(TARGET birthmark_mbedtls)
  list(APPEND packages birthmark-mbedtls)
endif()
install(CODE "
  set(PROJECT_VERSION ${PROJECT_VERSION})
  set(BM_LIBDIR ${CMAKE_INSTALL_LIBDIR})
  set(BM_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
  foreach(name ${packages})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/\${name}.pc.in ${PROJECT_BINARY_DIR}/\${name}.pc @ONLY)
    file(INSTALL ${PROJECT_BINARY_DIR}/\${name}.pc
         DESTINATION \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endforeach()")
