# The command. A build for this machine has it as one program. An installed one has to run on every processor and be fast on
# each, so what it does is in a shared library that is there more than once, and the system's loader takes the best one
# that the processor can execute:
#
#     bin/weft                                                     main.c
#     lib/weft/libweft-command.so                                  any processor
#     lib/weft/glibc-hwcaps/x86-64-v3/libweft-command.so           with AVX2 and BMI2: 2013 and later
#
# docs/decisions/0006-processors.md says why.

# weft_variants: a list of architecture levels that an installed weft is compiled for beside the one that all have.
set(weft_variants)
if(WEFT_INSTALL AND NOT WEFT_NATIVE AND NOT WEFT_SANITIZE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    include(CheckCCompilerFlag)
    check_c_compiler_flag(-march=x86-64-v3 WEFT_KNOWS_V3)
    if(WEFT_KNOWS_V3)
        set(weft_variants x86-64-v3)
    endif()
endif()
foreach(variant ${weft_variants})
    weft_parts(-${variant} -march=${variant})
endforeach()

# What `weft --version` shows.
if(WEFT_NATIVE)
    set(weft_processor native)
else()
    string(REPLACE _ - weft_processor ${CMAKE_SYSTEM_PROCESSOR})
endif()

if(NOT weft_variants)
    add_executable(weft src/cli/main.c src/cli/start.c)
    target_compile_definitions(weft PRIVATE WEFT_PROCESSOR="${weft_processor}")
    target_link_libraries(weft PRIVATE weft_cli weft_flags)
    weft_lto(weft)
    install(TARGETS weft)
    return()
endif()

# weft_command(SUFFIX PROCESSOR FOLDER FLAG...): one of the shared libraries.
function(weft_command suffix processor folder)
    add_library(weft_command${suffix} SHARED src/cli/start.c)
    set_target_properties(weft_command${suffix} PROPERTIES OUTPUT_NAME weft-command
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/command/${folder})
    target_compile_definitions(weft_command${suffix} PRIVATE WEFT_PROCESSOR="${processor}")
    target_compile_options(weft_command${suffix} PRIVATE ${ARGN})
    target_link_libraries(weft_command${suffix} PRIVATE weft_cli${suffix} weft_flags)
    target_link_options(weft_command${suffix} PRIVATE -Wl,--exclude-libs,ALL -Wl,--no-undefined)
    weft_lto(weft_command${suffix})
    install(TARGETS weft_command${suffix} DESTINATION ${CMAKE_INSTALL_LIBDIR}/weft/${folder})
endfunction()
weft_command("" ${weft_processor} "")
foreach(variant ${weft_variants})
    weft_command(-${variant} ${variant} glibc-hwcaps/${variant} -march=${variant})
endforeach()

file(RELATIVE_PATH libraries_from_bin ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/weft)
add_executable(weft src/cli/main.c)
set_target_properties(weft PROPERTIES INSTALL_RPATH $ORIGIN/${libraries_from_bin})
target_include_directories(weft PRIVATE src)
target_link_libraries(weft PRIVATE weft_command weft_flags)
foreach(variant ${weft_variants})
    add_dependencies(weft weft_command-${variant})
endforeach()
install(TARGETS weft)
