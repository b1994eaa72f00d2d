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
    target_compile_definitions(weft_flags INTERFACE WEFT_SANITIZED=1)
endif()
if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND WEFT_LLD)
    target_link_options(weft_flags INTERFACE --ld-path=${WEFT_LLD})
    set(CMAKE_REQUIRED_LINK_OPTIONS --ld-path=${WEFT_LLD})
endif()

# Asked here and not found out when everything has been compiled: whether the linker can do it.
if(WEFT_LTO)
    if(CMAKE_C_COMPILER_ID MATCHES "Clang" AND NOT WEFT_LLD)
        set(reason "clang does it with lld, which is not installed (Debian: lld-19)")
    else()
        include(CheckIPOSupported)
        check_ipo_supported(RESULT WEFT_LTO_WORKS OUTPUT reason LANGUAGES C)
        if(reason MATCHES "\n")
            set(reason "${CMAKE_C_COMPILER_ID} and its linker cannot do it here")
        endif()
    endif()
    if(NOT WEFT_LTO_WORKS)
        message(NOTICE "weft is built without link-time optimisation, and a little slower: ${reason}")
    endif()
endif()
function(weft_lto target)
    if(WEFT_LTO_WORKS)
        set_property(TARGET ${target} PROPERTY INTERPROCEDURAL_OPTIMIZATION ON)
    endif()
endfunction()
