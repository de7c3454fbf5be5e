# libdeflate::libdeflate_shared, also where the library came without a CMake package of its own (Debian 12). Installed
# beside kclpp's package, whose users need it to link a static kclpp.
find_path(libdeflate_INCLUDE_DIR libdeflate.h)
find_library(libdeflate_LIBRARY deflate)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libdeflate DEFAULT_MSG libdeflate_LIBRARY libdeflate_INCLUDE_DIR)
if(libdeflate_FOUND AND NOT TARGET libdeflate::libdeflate_shared)
  add_library(libdeflate::libdeflate_shared UNKNOWN IMPORTED)
  set_target_properties(libdeflate::libdeflate_shared PROPERTIES
    IMPORTED_LOCATION ${libdeflate_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${libdeflate_INCLUDE_DIR})
endif()
