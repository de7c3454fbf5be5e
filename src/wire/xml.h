// The texts of a small XML document, as AWS's query protocol answers with.
//
// Strict: one root, end tags that match, names of ASCII, the five entities and character references, comments, CDATA, a
// declaration; nothing else. A document type is refused (no AWS answer has one, and entities of its own could grow
// without bounds). Takes any bytes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::wire {

/// Beyond these a document is refused: AWS's answers are far below, and what is no answer of AWS shall not cost more.
inline constexpr std::size_t kMaxXmlBytes = 256UL << 10;
inline constexpr std::size_t kMaxXmlDepth = 16;
inline constexpr std::size_t kMaxXmlName = 64;
inline constexpr std::size_t kMaxXmlTexts = 1'000;

/// By the path of its element: "ErrorResponse/Error/Code". Attributes are passed over, and so are blanks around other
/// elements. Of several elements on one path, the first counts.
using XmlTexts = std::map<std::string, std::string, std::less<>>;

/// Nothing when it is no such document.
std::optional<XmlTexts> read_xml(std::string_view document);

}  // namespace kcl::wire
