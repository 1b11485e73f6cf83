# libbirthmark.a: what an embedded engineer or a host program links. No room above espidf and part is in it.
add_library(birthmark_lib STATIC $<TARGET_OBJECTS:bm_base> $<TARGET_OBJECTS:bm_flash>
                                 $<TARGET_OBJECTS:bm_nvs> $<TARGET_OBJECTS:bm_part>
                                 $<TARGET_OBJECTS:bm_espidf>)
set_target_properties(birthmark_lib PROPERTIES OUTPUT_NAME birthmark
                                               ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
target_include_directories(birthmark_lib INTERFACE ${PROJECT_SOURCE_DIR}/include
                                                   ${PROJECT_SOURCE_DIR}/include/espidf)
if(BM_SANITIZE)
  target_link_options(birthmark_lib INTERFACE -fsanitize=${BM_SANITIZE})
endif()
target_link_libraries(birthmark_lib INTERFACE Threads::Threads)

# Every room below the program, for the program and the tests.
add_library(bm_rooms STATIC $<TARGET_OBJECTS:bm_base> $<TARGET_OBJECTS:bm_flash>
                            $<TARGET_OBJECTS:bm_nvs> $<TARGET_OBJECTS:bm_part>
                            $<TARGET_OBJECTS:bm_espidf>
                            $<TARGET_OBJECTS:bm_crypto> $<TARGET_OBJECTS:bm_port>
                            $<TARGET_OBJECTS:bm_image> $<TARGET_OBJECTS:bm_layout>
                            $<TARGET_OBJECTS:bm_proto>)
foreach(room link sim monitor)
  if(TARGET bm_${room})
    target_sources(bm_rooms PRIVATE $<TARGET_OBJECTS:bm_${room}>)
  endif()
endforeach()
target_link_libraries(bm_rooms INTERFACE dep_csv dep_jansson dep_crypto dep_serialport dep_z dep_inih Threads::Threads)
