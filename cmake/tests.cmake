# Tests: tests/t_*.c (cmocka, one program each; t_slow_*: label slow), tests/cli/*.sh (the program as a user runs it), tests/lint_self.sh,
# tests/install/*.sh (what is installed, and the examples with it alone), replay_<x>: each fuzz target over its committed inputs, and valgrind over t_model_small (label valgrind).
set(TEST_ENVIRONMENT "BMUNET_SOURCE=${CMAKE_SOURCE_DIR};BMUNET_BUILD=${CMAKE_BINARY_DIR};OMP_WAIT_POLICY=passive"
    # no fake stack: gcc 12 and 13 misalign 64-byte vectors on it (gcc PR 110027)
    # handle_* = 2: cmocka may not take a crash away from the sanitizer, whose report says where
    # cyaml and libgomp keep what they allocate to the end; a leak of ours is one that nothing points to any more, which is what LSan reports
    "ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=0:handle_segv=2:handle_sigbus=2:handle_sigfpe=2;UBSAN_OPTIONS=print_stacktrace=1"
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")

function(bmu_test_settings name seconds)
    set_tests_properties(${name} PROPERTIES WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} TIMEOUT ${seconds} ENVIRONMENT "${TEST_ENVIRONMENT}")
endfunction()

file(GLOB TEST_SOURCES CONFIGURE_DEPENDS tests/t_*.c)
if(BMU_FUZZ)
    set(TEST_SOURCES "")
endif()
foreach(source ${TEST_SOURCES})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE decodecore PkgConfig::CMOCKA) # the decoder's core in this process; its libraries only where used
    target_link_options(${name} PRIVATE -Wl,--as-needed)
    add_dependencies(${name} decoder)
    target_include_directories(${name} PRIVATE tests)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    bmu_test_settings(${name} 600)
    if(name MATCHES "^t_slow_")
        set_tests_properties(${name} PROPERTIES LABELS slow TIMEOUT 3000)
    endif()
endforeach()

if(TARGET t_paths) # src/file/paths.c in a shared library, and how far its folder is from the others once installed
    add_library(paths_probe MODULE tests/paths_probe.c)
    set_target_properties(paths_probe PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(paths_probe PRIVATE bmunet)
    target_link_options(paths_probe PRIVATE -Wl,--as-needed)
    add_dependencies(t_paths paths_probe)
    target_compile_definitions(t_paths PRIVATE "TEST_LIB=\"installed/${CMAKE_INSTALL_LIBDIR}\"" "TEST_LIBEXEC=\"installed/${CMAKE_INSTALL_LIBEXECDIR}\""
        "TEST_SHARE=\"installed/${CMAKE_INSTALL_DATADIR}/bmunet\"")
endif()

if(NOT BMU_FUZZ) # every figure, for looking at; cli_t_report checks what it writes
    add_executable(report_gallery tests/report_gallery.c)
    target_link_libraries(report_gallery PRIVATE bmunet)
    set_target_properties(report_gallery PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endif()

find_program(VALGRIND valgrind)
if(TARGET t_model_small AND VALGRIND AND NOT BMU_SANITIZE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_test(NAME valgrind_model_small COMMAND ${VALGRIND} --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite
        --suppressions=${CMAKE_SOURCE_DIR}/tests/valgrind.supp $<TARGET_FILE:t_model_small>)
    bmu_test_settings(valgrind_model_small 900)
    set_tests_properties(valgrind_model_small PROPERTIES LABELS valgrind)
endif()

if(TARGET program AND NOT BMU_FUZZ)
    file(GLOB CLI_TESTS CONFIGURE_DEPENDS tests/cli/*.sh)
    foreach(script ${CLI_TESTS})
        get_filename_component(name ${script} NAME_WE)
        add_test(NAME cli_${name} COMMAND sh ${script} $<TARGET_FILE:program>)
        bmu_test_settings(cli_${name} 600)
        set_property(TEST cli_${name} APPEND PROPERTY ENVIRONMENT "BMUNET=$<TARGET_FILE:program>")
        if(name MATCHES "^t_slow_")
            set_tests_properties(cli_${name} PROPERTIES LABELS slow TIMEOUT 3000)
        endif()
    endforeach()
endif()

# --- what is installed: tests/install/*.sh with the build tree, the compilers and what pkg-config needs in their environment
if(TARGET shared)
    file(GLOB INSTALL_TESTS CONFIGURE_DEPENDS tests/install/t_*.sh)
    foreach(script ${INSTALL_TESTS})
        get_filename_component(name ${script} NAME_WE)
        add_test(NAME install_${name} COMMAND sh ${script})
        bmu_test_settings(install_${name} 600)
        set_property(TEST install_${name} APPEND PROPERTY ENVIRONMENT "CC=${CMAKE_C_COMPILER}" "CMAKE=${CMAKE_COMMAND}" "LIBDIR=${CMAKE_INSTALL_LIBDIR}"
            "LIBEXECDIR=${CMAKE_INSTALL_LIBEXECDIR}" "PREFIX=${CMAKE_INSTALL_PREFIX}")
    endforeach()
endif()

# --- fuzz: with libFuzzer in preset `fuzz`; elsewhere the same files behind fuzz/replay.c
file(GLOB FUZZ_SOURCES CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${FUZZ_SOURCES})
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" short ${name})
    if(BMU_FUZZ)
        add_executable(${name} ${source})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
        set(name replay_${short})
        add_executable(${name} ${source} fuzz/replay.c)
        add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/fuzz/replay.sh $<TARGET_FILE:${name}> ${short})
        bmu_test_settings(${name} 600)
    endif()
    target_link_libraries(${name} PRIVATE decodecore)
    target_link_options(${name} PRIVATE -Wl,--as-needed)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endforeach()
if(BMU_FUZZ)
    target_compile_options(bmunet PRIVATE -fsanitize=fuzzer-no-link)
    target_compile_options(decodecore PRIVATE -fsanitize=fuzzer-no-link)
endif()
