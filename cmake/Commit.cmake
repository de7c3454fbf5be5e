# cmake -D SOURCE=… -D HEADER=… -P Commit.cmake: writes which commit is built, where that can be known. Only a
# change touches the file, so that nothing is built for nothing.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failure)
# A tree that lies in somebody else's repository is no commit of ours.
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-prefix
  OUTPUT_VARIABLE inside OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(failure OR inside)
  set(commit "")
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define KCLPP_COMMIT \"@commit@\"\n" @ONLY)
