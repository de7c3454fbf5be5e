// Whether a request was signed by whom we know: AWS Signature Version 4 from the service's side.
#pragma once

#include <optional>
#include <string>

#include <kcl/timestamp.h>

#include "local/service_error.h"
#include "server/http.h"

namespace kcl::local {

struct KnownCredentials {
  std::string access_key_id;
  std::string secret_access_key;
};

class SignatureCheck {
 public:
  SignatureCheck(KnownCredentials known, std::string region);

  /// What AWS says of a request that is unsigned, signed by somebody else, for another region or service, wrongly, or
  /// more than 15 minutes off `now`. Empty when all is well.
  std::optional<ServiceError> fault_of(const server::Request& request, Timestamp now) const;

 private:
  KnownCredentials known_;
  std::string region_;
};

}  // namespace kcl::local
