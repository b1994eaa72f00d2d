# libweft-evmc.so: the interpreters behind EVMC's C interface, for clients and benches that load VMs. Made on demand (make evmc), where EVMC's
# header is in place (tools/evmc.sh).
#
#     weft_evmc           the module: src/evmc, and the interpreters of src/vm compiled once more over the host's callbacks
#     weft_evmc_tests     tests/evmc: a host of our own, that compares the module with the native VM
#     weft_over_evmc      the command with the module for a VM: for the official tests
#     bench_evmc          bench/evmc: times a program in any EVMC module
set(WEFT_EVMC_INCLUDE ${WEFT_VENDOR_DIR}/evmc/include)
if(NOT EXISTS ${WEFT_EVMC_INCLUDE}/evmc/evmc.h)
    return()
endif()

weft_glob(evmc_sources src/evmc/*.c)
set(evmc_interpreters vm interpreter/plain interpreter/fast translator/plan translator/translate)
list(TRANSFORM evmc_interpreters REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/src/vm/\\1.c")
add_library(weft_evmc SHARED EXCLUDE_FROM_ALL ${evmc_sources} ${evmc_interpreters})
set_target_properties(weft_evmc PROPERTIES OUTPUT_NAME weft-evmc)
target_include_directories(weft_evmc SYSTEM PRIVATE ${WEFT_EVMC_INCLUDE})
target_compile_definitions(weft_evmc PRIVATE WEFT_VERSION="${PROJECT_VERSION}" WEFT_VM_OUTSIDE="evmc/outside.h")
target_link_libraries(weft_evmc PRIVATE weft_core weft_flags)
target_link_options(weft_evmc PRIVATE -Wl,--exclude-libs,ALL)
weft_lto(weft_evmc)

function(weft_evmc_host name)
    add_executable(${name} EXCLUDE_FROM_ALL tests/evmc/host.c ${ARGN})
    target_include_directories(${name} PRIVATE tests src/vm)
    target_include_directories(${name} SYSTEM PRIVATE ${WEFT_EVMC_INCLUDE})
    target_link_libraries(${name} PRIVATE weft_core weft_evmc weft_flags)
endfunction()
weft_evmc_host(weft_evmc_tests tests/evmc/host_test.c tests/harness.c)
weft_evmc_host(weft_over_evmc tests/evmc/command.c src/cli/main.c src/cli/start.c)
target_compile_definitions(weft_over_evmc PRIVATE WEFT_PROCESSOR="evmc")
target_link_libraries(weft_over_evmc PRIVATE weft_cli)
target_link_options(weft_over_evmc PRIVATE -Wl,--wrap=vm_call)

# Programs in any module, evmone's among them, for bench/compare.py --evmone.
add_executable(bench_evmc EXCLUDE_FROM_ALL bench/evmc/program.c)
target_include_directories(bench_evmc SYSTEM PRIVATE ${WEFT_EVMC_INCLUDE})
target_link_libraries(bench_evmc PRIVATE weft_core weft_flags ${CMAKE_DL_LIBS})
