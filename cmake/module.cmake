# millrace_module(NAME DEPS a b c [LIBS x y] [TEST_WITH z]): one folder of src/ as a static library and its tests as one
# program, which alone links TEST_WITH.
# A dependency that has not been declared above is a configure error, so the list in src/CMakeLists.txt is
# the architecture; tools/check_includes.py holds every #include against the same lines.
function(millrace_module name)
  cmake_parse_arguments(M "" "" "DEPS;LIBS;TEST_WITH" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(NOT sources)
    set(sources ${PROJECT_SOURCE_DIR}/cmake/empty.cpp)
  endif()
  add_library(millrace_${name} STATIC ${sources})
  target_link_libraries(millrace_${name} PUBLIC millrace_flags)
  foreach(dep ${M_DEPS})
    if(NOT TARGET millrace_${dep})
      message(FATAL_ERROR "module ${name} depends on ${dep}, which is not declared above it")
    endif()
    target_link_libraries(millrace_${name} PUBLIC millrace_${dep})
  endforeach()
  target_link_libraries(millrace_${name} PUBLIC ${M_LIBS})
  if(MILLRACE_TESTS AND tests)
    add_executable(${name}_test ${PROJECT_SOURCE_DIR}/tests/main.cpp ${tests})
    target_link_libraries(${name}_test PRIVATE millrace_${name} ${M_TEST_WITH})
    target_compile_definitions(${name}_test PRIVATE MILLRACE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()

# millrace_embed(TARGET SYMBOL FILES...): the text of the files as `std::span<const millrace::Embedded> SYMBOL()`.
function(millrace_embed target symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
