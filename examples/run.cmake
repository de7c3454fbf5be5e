# cmake -D PROGRAM=… -D EXPECTED=… -P run.cmake: runs an example, and fails unless it ends with 0 and that on stdout.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE said RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${code}")
endif()
if(NOT said STREQUAL EXPECTED)
  message(FATAL_ERROR "${PROGRAM} said\n${said}instead of\n${EXPECTED}")
endif()
