# Installs the library, its public headers (only include/kcl) and a CMake package: find_package(kclpp) gives
# kclpp::kclpp.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/kcl DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS kclpp EXPORT kclppTargets)
install(EXPORT kclppTargets NAMESPACE kclpp:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kclppConfig.cmake.in kclppConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp)
write_basic_package_version_file(kclppConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kclppConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/kclppConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/Findlibdeflate.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kclpp)
