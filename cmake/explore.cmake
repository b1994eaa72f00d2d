# The explorer of interleavings (docs/exploring.md), on demand and without link-time optimisation (preset explore):
#
#     explore              the explorer
#     explore_races        the same, told of plain accesses as well, where clang compiles
#     explore_fault_NAME   the explorer of sources with a known fault put back (tests/explore/faults.py)
#     explorers            all of them

if(WEFT_LTO OR WEFT_SANITIZE OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    return()
endif()
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
    return()
endif()

set(explore_dir ${CMAKE_SOURCE_DIR}/tests/explore)
file(STRINGS ${explore_dir}/core.list explore_core REGEX "^src/")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${explore_dir}/core.list ${explore_dir}/faults.py)
list(TRANSFORM explore_core PREPEND ${CMAKE_SOURCE_DIR}/)
weft_glob(explore_sources ${explore_dir}/*.c)
# Calls between the core's files that the explorer looks at, and what a run must not get from outside.
set(explore_wrapped plan_groups sched_init sched_is_valid sched_committed execution_publish execution_withdraw
    block_count location_init code_cache_find code_cache_put state_table_parent_code clock_wall_ns clock_thread_ns
    base_seed cpu_count assert_failed)
list(TRANSFORM explore_wrapped PREPEND -Wl,--wrap=)

# The core's own warnings are seen where it is built in earnest; here its atomics are macros that nest.
add_library(explore_flags INTERFACE)
target_include_directories(explore_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_compile_options(explore_flags INTERFACE -w -fno-strict-overflow -include ${explore_dir}/steps.h)
if(WEFT_NATIVE)
    target_compile_options(explore_flags INTERFACE -march=native)
endif()

# The explorer's own parts are the same in all programs but for races.c.
list(FILTER explore_sources EXCLUDE REGEX "/races\\.c$")
add_library(explore_parts OBJECT EXCLUDE_FROM_ALL ${explore_sources})
target_link_libraries(explore_parts PRIVATE weft_core weft_flags)
function(explore_program name) # objects of the core behind
    add_executable(${name} EXCLUDE_FROM_ALL ${explore_dir}/races.c $<TARGET_OBJECTS:explore_parts> ${ARGN})
    target_link_libraries(${name} PRIVATE weft_core weft_flags ${explore_wrapped} -no-pie)
endfunction()

add_library(explore_core OBJECT EXCLUDE_FROM_ALL ${explore_core})
target_link_libraries(explore_core PRIVATE explore_flags)
explore_program(explore $<TARGET_OBJECTS:explore_core>)
set(explorers explore)

if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    add_library(explore_core_races OBJECT EXCLUDE_FROM_ALL ${explore_core})
    target_link_libraries(explore_core_races PRIVATE explore_flags)
    target_compile_options(explore_core_races PRIVATE
        -fsanitize=thread "SHELL:-mllvm -tsan-instrument-func-entry-exit=0" "SHELL:-mllvm -tsan-instrument-atomics=0"
        -fsanitize-ignorelist=${explore_dir}/races.ignore)
    explore_program(explore_races $<TARGET_OBJECTS:explore_core_races>)
    target_compile_definitions(explore_races PRIVATE EXPLORE_RACES=1)
    list(APPEND explorers explore_races)
endif()

# A fault changes one file of the core.
execute_process(COMMAND ${Python3_EXECUTABLE} ${explore_dir}/faults.py --list OUTPUT_VARIABLE explore_faults
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" explore_faults "${explore_faults}")
foreach(fault ${explore_faults})
    string(REPLACE " " ";" fault ${fault})
    list(GET fault 0 name)
    list(GET fault 1 source)
    set(changed ${CMAKE_BINARY_DIR}/faults/${name}/${source})
    add_custom_command(OUTPUT ${changed}
        COMMAND ${Python3_EXECUTABLE} ${explore_dir}/faults.py --put ${name} ${changed}
        DEPENDS ${explore_dir}/faults.py ${CMAKE_SOURCE_DIR}/${source} VERBATIM)
    add_library(explore_core_${name} OBJECT EXCLUDE_FROM_ALL ${changed})
    target_link_libraries(explore_core_${name} PRIVATE explore_flags)
    string(REPLACE "." "\\." pattern ${source})
    explore_program(explore_fault_${name} $<FILTER:$<TARGET_OBJECTS:explore_core>,EXCLUDE,${pattern}>
                    $<TARGET_OBJECTS:explore_core_${name}>)
    list(APPEND explorers explore_fault_${name})
endforeach()
add_custom_target(explorers DEPENDS ${explorers})
