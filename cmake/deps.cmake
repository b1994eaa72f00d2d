# The third-party libraries as targets: dep_blst, dep_ckzg, dep_secp256k1, dep_mcl, dep_yyjson from the vendored sources,
# dep_gmp, dep_openssl, dep_lmdb, dep_zlib and dep_microhttpd from the system.
#
# The vendored ones are built at configure time, once for each set of pinned versions and compiler, into
# WEFT_CACHE_DIR/deps-HASH, and then only linked: release, sanitizer and fuzz builds share them.
set(WEFT_CACHE_DIR ${CMAKE_SOURCE_DIR}/.cache CACHE PATH "where what all build folders share is kept")
set(WEFT_VENDOR_DIR ${CMAKE_SOURCE_DIR}/deps/vendor)
set(WEFT_VENDORED dep_blst dep_ckzg dep_secp256k1 dep_mcl dep_yyjson)

# What is missing is said before anything is compiled.
function(weft_need what package)
    # A space in front keeps CMake from breaking the line.
    message(FATAL_ERROR " weft needs ${what} (Debian: ${package}); tools/deps.sh installs it")
endfunction()
find_package(PkgConfig QUIET)
if(NOT PKG_CONFIG_FOUND)
    weft_need(pkg-config pkg-config)
endif()
foreach(library gmp/gmp/libgmp-dev openssl/libcrypto/libssl-dev lmdb/lmdb/liblmdb-dev zlib/zlib/zlib1g-dev
    microhttpd/libmicrohttpd/libmicrohttpd-dev)
    string(REPLACE "/" ";" library ${library})
    list(GET library 0 name)
    list(GET library 1 module)
    list(GET library 2 package)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(NOT ${name}_FOUND)
        weft_need("${name} and its headers" ${package})
    endif()
    add_library(dep_${name} ALIAS PkgConfig::${name})
endforeach()

if(NOT EXISTS ${WEFT_VENDOR_DIR}/blst/blst/src/server.c)
    message(FATAL_ERROR " the third-party sources are missing: run tools/deps.sh first")
endif()

# The system's compilers build them, whichever builds weft, so that all build folders agree.
find_program(WEFT_DEPS_CC NAMES cc gcc clang clang-19)
find_program(WEFT_DEPS_CXX NAMES c++ g++ clang++ clang++-19)
if(NOT WEFT_DEPS_CXX)
    weft_need("a C++ compiler" g++)
endif()
if(NOT WEFT_DEPS_CC)
    set(WEFT_DEPS_CC ${CMAKE_C_COMPILER})
endif()
set(deps_compilers -DCMAKE_C_COMPILER=${WEFT_DEPS_CC} -DCMAKE_CXX_COMPILER=${WEFT_DEPS_CXX})
if(CMAKE_TOOLCHAIN_FILE)
    set(deps_compilers -DCMAKE_TOOLCHAIN_FILE=${CMAKE_TOOLCHAIN_FILE})
endif()
mark_as_advanced(WEFT_DEPS_CC WEFT_DEPS_CXX)
execute_process(COMMAND ${WEFT_DEPS_CXX} --version OUTPUT_VARIABLE compiler_version)
file(READ ${CMAKE_SOURCE_DIR}/deps/Cargo.lock lock)
file(READ ${CMAKE_SOURCE_DIR}/deps/CMakeLists.txt recipe)
string(SHA256 hash "${lock}${recipe}${compiler_version}${CMAKE_TOOLCHAIN_FILE}")
string(SUBSTRING ${hash} 0 12 hash)
set(WEFT_DEPS_DIR ${WEFT_CACHE_DIR}/deps-${hash})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS deps/Cargo.lock deps/CMakeLists.txt)

if(NOT EXISTS ${WEFT_DEPS_DIR}/complete)
    file(MAKE_DIRECTORY ${WEFT_DEPS_DIR})
    file(LOCK ${WEFT_DEPS_DIR} DIRECTORY GUARD FILE) # two builds may be configured at once
    if(NOT EXISTS ${WEFT_DEPS_DIR}/complete)
        message(STATUS "Building the third-party libraries, once, into ${WEFT_DEPS_DIR}")
        execute_process(
            COMMAND ${CMAKE_COMMAND} -S ${CMAKE_SOURCE_DIR}/deps -B ${WEFT_DEPS_DIR} -G ${CMAKE_GENERATOR}
                    ${deps_compilers} -DCMAKE_BUILD_TYPE=Release
            OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
        execute_process(COMMAND ${CMAKE_COMMAND} --build ${WEFT_DEPS_DIR} --parallel OUTPUT_QUIET
                        COMMAND_ERROR_IS_FATAL ANY)
        file(TOUCH ${WEFT_DEPS_DIR}/complete)
    endif()
    file(LOCK ${WEFT_DEPS_DIR} DIRECTORY RELEASE)
endif()

foreach(dep ${WEFT_VENDORED})
    add_library(${dep} STATIC IMPORTED GLOBAL)
    set_target_properties(${dep} PROPERTIES IMPORTED_LOCATION ${WEFT_DEPS_DIR}/lib${dep}.a)
endforeach()
target_include_directories(dep_blst INTERFACE ${WEFT_VENDOR_DIR}/blst/blst/bindings)
target_include_directories(dep_ckzg INTERFACE ${WEFT_VENDOR_DIR}/c-kzg/src)
target_link_libraries(dep_ckzg INTERFACE dep_blst)
target_include_directories(dep_secp256k1 INTERFACE ${WEFT_VENDOR_DIR}/secp256k1-sys/depend/secp256k1/include)
target_include_directories(dep_mcl INTERFACE ${WEFT_VENDOR_DIR}/mcl_rust/mcl/include)
target_compile_definitions(dep_mcl INTERFACE MCL_FP_BIT=256 MCL_FR_BIT=256)
target_link_libraries(dep_mcl INTERFACE stdc++)
target_include_directories(dep_yyjson INTERFACE ${WEFT_VENDOR_DIR}/yyjson-sys/yyjson/src)
target_compile_definitions(dep_yyjson INTERFACE YYJSON_DISABLE_UTILS=1)
