// Finds out what examine() judges: asks AWS, tries each action that a worker needs in a way that changes nothing, looks
// at the leases. Lives on the strand; ends within about a minute, or soon after `stop` is requested.
#pragma once

#include <memory>

#include "aws/access.h"
#include "aws/awaited_credentials.h"
#include "base/task.h"
#include "base/wait.h"
#include "operate/doctor.h"
#include "operate/session.h"

namespace kcl::operate {

/// What can be said without asking anyone. Nothing is needed of AWS, or it cannot be used: then `facts.access_error`
/// says why.
struct FirstLook {
  Facts facts;
  std::optional<worker::AwsNeeds> aws;
};
FirstLook first_look(const Places& places, const aws::Environment& environment,
                     const std::vector<std::string>& proxies);

class DoctorProbes {
 public:
  /// What it is given outlives it. Made and destroyed on the strand.
  DoctorProbes(worker::Threads& threads, base::Random& random, const Places& places, const worker::AwsNeeds& aws);
  DoctorProbes(const DoctorProbes&) = delete;
  DoctorProbes& operator=(const DoctorProbes&) = delete;
  ~DoctorProbes();

  base::Task<void> ask(Facts& facts, base::Stop& stop);

 private:
  struct Clients;
  struct Speaker;
  base::Task<void> credentials(Speaker& speaker, Facts& facts, Principal& who);
  base::Task<void> identity(Speaker& speaker, const Facts& facts, Principal& who);
  base::Task<void> stream(Facts& facts);
  base::Task<void> table(Facts& facts);

  base::Loop& loop_;
  Places places_;
  std::unique_ptr<Clients> clients_;
};

/// The rows, watched for a failover time and a second so that the fleet's writes can be counted.
base::Task<void> look_at_leases(Session& session, const Places& places, Facts& facts, base::Stop& stop);

}  // namespace kcl::operate
