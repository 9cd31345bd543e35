# libbmunet for other people's programs: the functions of include/bmunet.h (src/api), and of the rooms whatever those need. The program and the
# tests use the rooms' own headers, which libbmunet hides, so they are linked with the archive of the rooms: the same objects, and nothing to load.
if(BMU_FUZZ OR BMU_SANITIZE)
    return()
endif()

set(API_MAP ${CMAKE_SOURCE_DIR}/src/api/bmunet.map)
add_library(shared SHARED $<TARGET_OBJECTS:api>)
set_target_properties(shared PROPERTIES OUTPUT_NAME bmunet VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS ${API_MAP}
                                        LINKER_LANGUAGE C)
target_link_libraries(shared PRIVATE bmunet)
target_link_options(shared PRIVATE -Wl,--version-script=${API_MAP} -Wl,--as-needed -Wl,-z,defs)

# The same for static linking: one object in which every name but bmunet_* is local, so that none of ours meets one of the program's.
set(STATIC_LIBRARY ${CMAKE_BINARY_DIR}/libbmunet.a)
add_custom_command(OUTPUT ${STATIC_LIBRARY}
    COMMAND ${CMAKE_LINKER} -r -o libbmunet.o $<TARGET_OBJECTS:api> $<TARGET_FILE:bmunet>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden libbmunet.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${STATIC_LIBRARY}
    COMMAND ${CMAKE_AR} rcs ${STATIC_LIBRARY} libbmunet.o
    DEPENDS api bmunet $<TARGET_OBJECTS:api>
    COMMAND_EXPAND_LISTS VERBATIM WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
add_custom_target(static ALL DEPENDS ${STATIC_LIBRARY})
