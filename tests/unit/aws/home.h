// A home directory of a test's own, and the environment of a program in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "aws/environment.h"

namespace kcl::aws {

class Home {
 public:
  Home() {
    std::string pattern = ::testing::TempDir() + "kclpp-aws-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
    std::filesystem::create_directory(path_ + "/.aws");
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string config_path() const { return path_ + "/.aws/config"; }
  std::string credentials_path() const { return path_ + "/.aws/credentials"; }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
  }
  void config(const std::string& text) const { write(".aws/config", text); }
  void credentials(const std::string& text) const { write(".aws/credentials", text); }

  /// Of a program that has this HOME and these variables, and no other. Where the tests run is none of its business.
  Environment environment(Environment::Variables variables = {}) const {
    variables.emplace("HOME", path_);
    variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
    return Environment(std::move(variables));
  }

 private:
  std::string path_;
};

}  // namespace kcl::aws
