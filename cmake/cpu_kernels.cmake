# The vector code of the CPU engine: src/engine/cpu/kernels/*.cc, compiled by Highway once for each instruction set.
# x86-64-v2 as baseline: g++ 12 would otherwise add Highway's scalar target, which lacks conversions used here.
# -O2 in Debug: unoptimised vector code is 50 to 100 times slower, and tests run it.
file(GLOB kernel_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/engine/cpu/kernels/*.cc)
add_library(fixynn_cpu_kernels OBJECT ${kernel_sources})
target_link_libraries(fixynn_cpu_kernels PUBLIC fixynn_options fixynn_quant PkgConfig::HWY)
target_compile_options(fixynn_cpu_kernels PRIVATE $<$<CONFIG:Debug>:-O2> -Wno-conversion -Wno-shadow -Wno-pedantic)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(fixynn_cpu_kernels PRIVATE -march=x86-64-v2 -DHWY_DISABLE_PCLMUL_AES)
endif()
# The portable integer loops rely on the compiler's vectoriser.
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/engine/cpu/kernels/int8_portable.cc PROPERTIES COMPILE_OPTIONS -O3)
target_sources(fixynn_engine PRIVATE $<TARGET_OBJECTS:fixynn_cpu_kernels>)
