# Installs the program, and the library: its public headers (only include/kcl), a CMake package (find_package(kclpp)
# gives kclpp::kclpp) and kclpp.pc. Two components, which become two Debian packages: program, development.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kcl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS kclpp EXPORT kclppTargets COMPONENT development)
install(EXPORT kclppTargets NAMESPACE kclpp:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kclppConfig.cmake.in kclppConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp)
write_basic_package_version_file(kclppConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kclppConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/kclppConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findlibdeflate.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp COMPONENT development)

# Relative to where it lies, so that an installed tree may be moved. Who links a static library links what it needs.
file(RELATIVE_PATH KCLPP_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" KCLPP_PC_PREFIX ${KCLPP_PC_PREFIX})
if(BUILD_SHARED_LIBS)
  set(KCLPP_PC_PRIVATE .private)
  set(KCLPP_PC_PRIVATE_LIBS "Libs.private: -lboost_json -pthread")
else()
  set(KCLPP_PC_LIBS " -lboost_json -pthread")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/kclpp.pc.in kclpp.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kclpp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

install(FILES ${PROJECT_SOURCE_DIR}/packaging/kclpp@.service DESTINATION lib/systemd/system COMPONENT program)
