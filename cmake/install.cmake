# What `cmake --install build/release [--prefix PREFIX]` puts where, by GNUInstallDirs; DESTDIR goes before it all. Components: program (program,
# decoder, shared files, manual), library (libbmunet.so.N), development (header, libbmunet.so, libbmunet.a, pkg-config, examples).
# The library finds decoder and shared files by their place relative to its own (src/file/paths.h).
if(BMU_FUZZ OR BMU_SANITIZE)
    return()
endif()

install(TARGETS program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS decoder RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR} COMPONENT program)
install(DIRECTORY share/ DESTINATION ${CMAKE_INSTALL_DATADIR}/bmunet COMPONENT program USE_SOURCE_PERMISSIONS
        PATTERN man EXCLUDE PATTERN completion EXCLUDE PATTERN __pycache__ EXCLUDE
        PATTERN make.py EXCLUDE) # it has drawn share/demo/*.png
foreach(section 1 3 5)
    file(GLOB pages CONFIGURE_DEPENDS share/man/man${section}/*.${section})
    if(section EQUAL 3)
        install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT development)
    else()
        install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT program)
    endif()
endforeach()
install(FILES share/completion/bmunet DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program OPTIONAL)

install(TARGETS shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
install(FILES ${STATIC_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(FILES include/bmunet.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT development FILES_MATCHING PATTERN "*.c" PATTERN README*)

# bmunet.pc holds the prefix, which `cmake --install --prefix` may still change: it is written then
install(CODE "
set(PROJECT_VERSION ${PROJECT_VERSION})
set(PC_LIBDIR [[${CMAKE_INSTALL_LIBDIR}]])
set(PC_INCLUDEDIR [[${CMAKE_INSTALL_INCLUDEDIR}]])
foreach(dir PC_LIBDIR PC_INCLUDEDIR)
    if(NOT IS_ABSOLUTE \"\${\${dir}}\")
        string(PREPEND \${dir} \"\\\${prefix}/\")
    endif()
endforeach()
set(PC_REQUIRES \"jansson libcyaml gsl nettle\")
set(PC_LIBS \"-ldnnl ${OpenMP_C_FLAGS} -lpthread -lm\")
configure_file([[${CMAKE_SOURCE_DIR}/cmake/bmunet.pc.in]] [[${CMAKE_BINARY_DIR}/bmunet.pc]] @ONLY)
" COMPONENT development)
install(FILES ${CMAKE_BINARY_DIR}/bmunet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
