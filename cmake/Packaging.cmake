# The Debian packages that scripts/package makes by CPack: kclpp (the program), libkclpp-dev (the library and its
# headers).
set(CPACK_PACKAGE_NAME kclpp)
set(CPACK_PACKAGE_VENDOR "The kclpp maintainers")
set(CPACK_PACKAGE_CONTACT "The kclpp maintainers <maintainers@kclpp.invalid>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL program development)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME kclpp)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
# A fleet without them could verify no certificate; --exec and the MultiLang daemon run what is installed besides.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
"Consumes Amazon Kinesis Data Streams with a fleet of workers that share the
shards through leases, checkpoint their progress, and survive crashes and
resharding. This is the program: consume (records to stdout or a command),
multilang (the MultiLang daemon without a JVM), leases and doctor (for
operators), local (a Kinesis for development) and demo.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libkclpp-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# What kclppConfig.cmake and kclpp.pc ask for.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libboost1.81-dev, libboost-json1.81-dev, libcurl4-openssl-dev, \
libdeflate-dev, libsqlite3-dev, libspdlog-dev, libssl-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION
"Consumes Amazon Kinesis Data Streams with a fleet of workers that share the
shards through leases. This is the static library with its headers, for CMake
(find_package(kclpp)) and pkg-config.")

foreach(component program development)
  string(TOUPPER ${component} upper)
  set(folder share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${folder} COMPONENT ${component} RENAME copyright)
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/THIRD_PARTY.md DESTINATION ${folder}
    COMPONENT ${component})
endforeach()
include(CPack)
