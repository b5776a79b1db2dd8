# Compiler flags, the choice between nvcc and softgpu, and the layers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# What has been compiled once is taken from ccache where it is installed, unless another launcher is asked for.
find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
foreach(language C CXX)
  if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
    set(CMAKE_${language}_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()
endforeach()
set(cucurbit_cuda_launcher ${CMAKE_CUDA_COMPILER_LAUNCHER})
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
  set(cucurbit_cuda_launcher ${CCACHE_PROGRAM})
endif()

if(CUCURBIT_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(CUCURBIT_CUDA ON)
  else()
    set(CUCURBIT_CUDA OFF)
  endif()
endif()

# What kernels need: sums vectorise through `omp simd`; strict IEEE rules otherwise (NaN and infinity are data here).
set(cucurbit_kernel_flags -fno-math-errno -fno-trapping-math -fopenmp-simd)
set(cucurbit_cxx_flags -Wall -Wextra -Wno-unknown-pragmas -Wno-missing-field-initializers)
if(CUCURBIT_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80 90 120)
  endif()
  enable_language(CUDA)
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 knows no C++20 of nvcc's
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_COMPILE_FEATURES cuda_std_20)
    list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
  endif()
  # nvcc_logged comes first: it keeps what ptxas says, which ccache repeats when it has the object already.
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${PROJECT_SOURCE_DIR}/scripts/nvcc_logged ${cucurbit_cuda_launcher})
  if(CUCURBIT_SHARED_CUDART)
    set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)
  endif()
  find_package(CUDAToolkit REQUIRED)
  add_compile_options("$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Xcompiler -Wall --expt-relaxed-constexpr>")
else()
  list(APPEND cucurbit_kernel_flags -ftls-model=initial-exec)
  # 512-bit vectors: batch norm + ReLU ran at 13-20 GB/s with them and at 8-12 with 256-bit ones.
  list(APPEND cucurbit_cxx_flags -march=${CUCURBIT_ARCH} -mprefer-vector-width=512)
endif()
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${cucurbit_cxx_flags};${cucurbit_kernel_flags}>")

# Checked builds run in softgpu's thread mode. -O1 keeps them exact about lines and quick to compile.
set(CUCURBIT_CHECK OFF CACHE STRING "Checks built in (CPU build): OFF, races (racecheck and initcheck) or memory (memcheck)")
set_property(CACHE CUCURBIT_CHECK PROPERTY STRINGS OFF races memory)
# Races: volatile accesses count as atomic. An access is where its function returns to, so no sibling calls, no folding
# of equal functions, and -g for the frames that were inlined. -Wno-tsan: fences are understood here.
set(cucurbit_check_races -fsanitize=thread --param=tsan-distinguish-volatile=1
    --param=tsan-instrument-func-entry-exit=0 -fno-optimize-sibling-calls -fno-ipa-icf -Wno-tsan -g)
set(cucurbit_check_memory -fsanitize=address,undefined -fsanitize-recover=all -fno-omit-frame-pointer -g1)
if(CUCURBIT_CHECK STREQUAL "races")
  # For the compiler only: the functions it calls are softgpu's, see softgpu/src/check.
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${cucurbit_check_races}>")
elseif(CUCURBIT_CHECK STREQUAL "memory")
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${cucurbit_check_memory}>")
  add_link_options(-fsanitize=address,undefined)
endif()

option(CUCURBIT_WERROR "Treat warnings as errors, as continuous integration does" OFF)
if(CUCURBIT_WERROR)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Werror>" "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")
endif()

# cucurbit_layer(NAME): a static library of every .cpp and .cu below the current folder. Headers are included by their
# path from the root, "NAME/...". That layers include each other in one direction only is the test `layers`.
function(cucurbit_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.cu)
  list(FILTER sources EXCLUDE REGEX "/(ladder|cli/main\\.cpp)")
  add_library(${name} STATIC ${sources})
  cucurbit_compile_cuda_as_cxx(${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

add_test(NAME layers COMMAND ${PROJECT_SOURCE_DIR}/scripts/check_layers)

# Without nvcc the .cu sources are C++ for the host compiler.
function(cucurbit_compile_cuda_as_cxx)
  if(NOT CUCURBIT_CUDA)
    foreach(source ${ARGN})
      if(source MATCHES "\\.cu$")
        set_source_files_properties(${source} PROPERTIES LANGUAGE CXX)
      endif()
    endforeach()
  endif()
endfunction()
