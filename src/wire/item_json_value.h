// DynamoDB-JSON (see item_json.h) as a part of larger JSON: for codecs whose messages hold rows. Only for .cc files.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include <kcl/item_store.h>

namespace kcl::wire {

boost::json::value item_to_json(const Item& item);
boost::json::value attribute_to_json(const AttributeValue& value);
Result<Item, std::string> item_from_json(const boost::json::value& json);

}  // namespace kcl::wire
