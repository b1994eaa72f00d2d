# The library that others link: libweft.so, libweft.a, headers, pkg-config file. Only symbols that start with weft_ are visible in either.
#
#     libweft        shared; a version script hides the rest. When installing also one for each of the newer generations of
#                    processors, where the system's loader finds it (cmake/command.cmake)
#     weft_static    libweft.a (made on demand and when installing): weft and the vendored libraries linked into one object
#                    whose other symbols are made local, so that it cannot clash with a program's own blst or secp256k1
#     headers        compiles the public headers as strict C11, C++11 and C++17
#     examples       installs into a temporary place, builds the examples against that, runs them and checks what they print
#     installable    all that `cmake --install` copies

weft_glob(public_headers include/weft/*.h)
# The number in libweft.so.N: up by one with each incompatible change.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS include/weft/weft.h)
file(STRINGS include/weft/weft.h WEFT_ABI REGEX "WEFT_ABI_VERSION = [0-9]+")
string(REGEX REPLACE ".*= ([0-9]+).*" "\\1" WEFT_ABI "${WEFT_ABI}")

# weft_library(SUFFIX FOLDER FLAG...): libweft.so for one generation of processors.
function(weft_library suffix folder)
    add_library(libweft${suffix} SHARED ${api_sources})
    set_target_properties(libweft${suffix} PROPERTIES OUTPUT_NAME weft VERSION ${PROJECT_VERSION} SOVERSION ${WEFT_ABI}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${folder} LINK_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/libweft.map)
    target_link_libraries(libweft${suffix} PRIVATE weft_core${suffix} weft_flags)
    target_include_directories(libweft${suffix} INTERFACE include)
    target_compile_definitions(libweft${suffix} PRIVATE WEFT_VERSION="${PROJECT_VERSION}")
    target_compile_options(libweft${suffix} PRIVATE ${ARGN})
    target_link_options(libweft${suffix} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/libweft.map)
    if(NOT WEFT_SANITIZE)
        target_link_options(libweft${suffix} PRIVATE -Wl,--no-undefined)
    endif()
    weft_lto(libweft${suffix})
endfunction()
weft_library("" "")
foreach(variant ${weft_variants})
    weft_library(-${variant} glibc-hwcaps/${variant} -march=${variant})
endforeach()

# ---- libweft.a ----

# Compiled once more, without link-time optimisation: an archive must hold plain code.
add_library(weft_objects STATIC EXCLUDE_FROM_ALL ${core_sources} ${api_sources})
target_include_directories(weft_objects PRIVATE src include)
target_compile_definitions(weft_objects PRIVATE WEFT_VERSION="${PROJECT_VERSION}")
target_link_libraries(weft_objects PRIVATE ${WEFT_LINKED} weft_flags)
set(static_library ${CMAKE_BINARY_DIR}/libweft.a)
set(vendored_archives)
foreach(dep ${WEFT_VENDORED})
    list(APPEND vendored_archives $<TARGET_FILE:${dep}>)
endforeach()
add_custom_command(
    OUTPUT ${static_library}
    COMMAND ${CMAKE_LINKER} -r -o libweft.o --whole-archive $<TARGET_FILE:weft_objects> --no-whole-archive
            --start-group ${vendored_archives} --end-group
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=weft_* libweft.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${static_library}
    COMMAND ${CMAKE_AR} rcs ${static_library} libweft.o
    DEPENDS weft_objects
    VERBATIM)
if(WEFT_INSTALL)
    set(by_default ALL)
endif()
add_custom_target(weft_static ${by_default} DEPENDS ${static_library})

# ---- headers ----

set(headers_mark ${CMAKE_BINARY_DIR}/headers.checked)
set(header_checks)
foreach(header ${public_headers})
    list(APPEND header_checks
        COMMAND ${CMAKE_C_COMPILER} -std=c11 -Wall -Wextra -pedantic-errors -Werror -fsyntax-only -x c ${header}
        COMMAND ${WEFT_DEPS_CXX} -std=c++11 -Wall -Wextra -pedantic-errors -Werror -fsyntax-only -x c++ ${header}
        COMMAND ${WEFT_DEPS_CXX} -std=c++17 -Wall -Wextra -pedantic-errors -Werror -fsyntax-only -x c++ ${header})
endforeach()
add_custom_command(OUTPUT ${headers_mark} ${header_checks} COMMAND ${CMAKE_COMMAND} -E touch ${headers_mark}
                   DEPENDS ${public_headers} VERBATIM)
add_custom_target(headers ALL DEPENDS ${headers_mark})

# ---- examples ----

add_custom_target(examples
    COMMAND ${CMAKE_SOURCE_DIR}/tests/api/install_test.sh ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} USES_TERMINAL VERBATIM)

# ---- installing ----

file(RELATIVE_PATH WEFT_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/weft.pc.in weft.pc @ONLY)
install(TARGETS libweft)
foreach(variant ${weft_variants})
    install(TARGETS libweft-${variant} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/${variant}
            NAMELINK_SKIP)
endforeach()
install(FILES ${static_library} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft)
install(FILES ${CMAKE_BINARY_DIR}/weft.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
add_custom_target(installable DEPENDS weft libweft weft_static)
foreach(variant ${weft_variants})
    add_dependencies(installable libweft-${variant})
endforeach()
add_dependencies(examples installable)
