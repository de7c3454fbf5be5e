"""Untested: kclpp is built and tested on Debian 12's packages. CMakeLists.txt has the versions that it asks for."""
from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout


class Kclpp(ConanFile):
    name = "kclpp"
    version = "0.1.0"
    description = "A native Kinesis Client Library in C++20"
    license = "Apache-2.0"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False]}
    default_options = {"shared": False, "libcurl/*:with_ssl": "openssl", "libcurl/*:with_nghttp2": True}
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "src/*", "apps/*", "packaging/*", "*.md", "LICENSE"
    requires = (
        "boost/[>=1.81 <2]",
        "cli11/[>=2.3 <3]",
        "libcurl/[>=7.88 <9]",
        "libdeflate/[>=1.14 <2]",
        "openssl/[>=3 <4]",
        "protozero/[>=1.7 <2]",
        "spdlog/[>=1.10 <2]",
        "sqlite3/[>=3.35 <4]",
    )

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["KCLPP_BUILD_TESTS"] = False
        toolchain.cache_variables["KCLPP_BUILD_EXAMPLES"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["kclpp"]
