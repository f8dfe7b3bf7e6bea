# Compiler settings shared by every target; ccache and mold are used when they are installed.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(millrace_flags INTERFACE)
target_compile_options(millrace_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers
  -fstack-protector-strong -fcf-protection)
target_compile_definitions(millrace_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS> $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(millrace_flags INTERFACE -Wl,-z,relro,-z,now)
target_include_directories(millrace_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
# Release keeps line numbers in stack traces and nothing more; dev builds keep just enough to debug.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(millrace_flags INTERFACE -Wthread-safety)
endif()
# Memory is taken in one thread and given back in another all the time, which glibc's allocator is slow at (docs/adr/0009).
add_library(millrace_allocator INTERFACE)
if(MILLRACE_SANITIZE)
  add_compile_options(-fsanitize=${MILLRACE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MILLRACE_SANITIZE})
else()
  find_library(JEMALLOC jemalloc REQUIRED)
  target_link_libraries(millrace_allocator INTERFACE ${JEMALLOC})
endif()
