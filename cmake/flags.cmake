# The compiler's flags for weft's own code.
#
#     weft_flags          link privately: warnings, tuning, sanitizers
#     weft_lto(TARGET)    link-time optimisation for one target, when WEFT_LTO is on and the compiler can do it

add_library(weft_flags INTERFACE)
target_compile_options(weft_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    -Wcast-qual -Wimplicit-fallthrough -fno-semantic-interposition -fno-strict-overflow)
if(WEFT_WERROR)
    target_compile_options(weft_flags INTERFACE -Werror)
endif()
if(WEFT_NATIVE)
    target_compile_options(weft_flags INTERFACE -march=native)
endif()
if(WEFT_RARE)
    target_compile_definitions(weft_flags INTERFACE WEFT_RARE_PATHS=1)
endif()
if(WEFT_FUZZ)
    target_compile_options(weft_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(WEFT_SANITIZE)
    target_compile_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
    target_link_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE})
endif()
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    find_program(WEFT_LLD NAMES ld.lld-19 ld.lld)
    mark_as_advanced(WEFT_LLD)
    if(WEFT_LLD)
        target_link_options(weft_flags INTERFACE --ld-path=${WEFT_LLD})
        set(CMAKE_REQUIRED_LINK_OPTIONS --ld-path=${WEFT_LLD})
    endif()
endif()

if(WEFT_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT WEFT_LTO_WORKS OUTPUT reason LANGUAGES C)
    if(NOT WEFT_LTO_WORKS)
        message(STATUS "No link-time optimisation: ${CMAKE_C_COMPILER_ID} cannot do it here")
    endif()
endif()
function(weft_lto target)
    if(WEFT_LTO_WORKS)
        set_property(TARGET ${target} PROPERTY INTERPROCEDURAL_OPTIMIZATION ON)
    endif()
endfunction()
