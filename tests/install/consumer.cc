#include <kcl/kcl.h>

#include <iostream>

int main() {
  const auto number = kcl::SequenceNumber::parse("42");
  if (!number) return 1;
  std::cout << number->text() << '\n';
}
