#include "leases/row_format.h"

namespace kcl::leases {

const RowFormat& row_format(LeaseFormat format) {
  return format == LeaseFormat::vmware_go ? vmware_go_format() : kcl_format();
}

}  // namespace kcl::leases
