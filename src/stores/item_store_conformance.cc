#include <kcl/testing/faulty_item_store.h>
#include <kcl/testing/item_store_conformance.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "stores/cas_counter.h"
#include "stores/conformance_check.h"

namespace kcl::testing {
namespace {

using Kind = WriteOutcome::Kind;
using stores::CasWriter;
using Check = stores::ConformanceCheck;
using Rows = Check::Rows;

std::string text_of(const std::optional<Item>& row) { return Check::text_of(row); }

template <class... Elements>
AttributeValue strings(Elements... elements) {
  return AttributeValue::StringSet{elements...};
}

/// One attribute of each type, and the values at their edges.
Item every_type() {
  const std::string all_bytes = [] {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
    return bytes;
  }();
  const AttributeValue::Map inner{
      {"list", AttributeValue(AttributeValue::List{AttributeValue("a"), Number::of(1), AttributeValue()})},
      {"odd name: \"#\"", "an entry"}};
  return {
      {"text", "plain"},
      {"unicode", "Z\u00FCrich \u6771\u4EAC \U0001F600 e\u0301"},
      {"control", std::string("tab\t newline\n quote\" backslash\\ slash/ \x01\x7F")},
      {"empty", ""},
      {"long", std::string(8'000, 'x')},
      {"zero", Number{"0"}},
      {"negative", Number{"-12.5"}},
      {"digits", Number{"12345678901234567890123456789012345678"}},
      {"small", Number{"-0.00000000000000000000000000000000000012345678901234567890123456789012345678"}},
      {"largest", Number{"9.9999999999999999999999999999999999999E+125"}},
      {"smallest", Number{"1E-130"}},
      {"binary", Binary{all_bytes}},
      {"no bytes", Binary{}},
      {"yes", true},
      {"no", false},
      {"null", AttributeValue()},
      {"strings", strings("b", "a", "c")},
      {"numbers", AttributeValue::NumberSet{{"3"}, {"1.5"}, {"-2"}}},
      {"binaries", AttributeValue::BinarySet{{all_bytes}, {std::string("\0", 1)}}},
      {"list", AttributeValue(AttributeValue::List{strings("x"), inner, AttributeValue(AttributeValue::List{})})},
      {"map", AttributeValue(AttributeValue::Map{{"deeper", inner}, {"empty", AttributeValue(AttributeValue::Map{})}})},
      {"odd name: #.[0] \"\xC3\xA9\"", "x"},
  };
}

void every_type_round_trips(Check& check) {
  const Item row = check.given(every_type());
  check.expect_stored("after create", row);
  check.given({}, "updated");
  std::vector<Action> actions;
  for (const auto& [name, value] : every_type()) actions.push_back(Action::set(name, value));
  check.expect("an update that sets every type", check.update(actions, {}, "updated"), Kind::applied);
  check.expect_stored("after update", check.row("updated", every_type()), "updated");
}

void an_existing_row_is_not_created_again(Check& check) {
  const Item row = check.given({{"by", "first"}});
  const WriteOutcome outcome = check.store().create(check.row("row", {{"by", "second"}}), Call{});
  check.expect("a second create", outcome, Kind::refused);
  check.that(!outcome.row || *outcome.row == row, "a refused create told another row: " + text_of(outcome.row));
  check.expect_stored("after a refused create", row);
}

void an_update_never_creates_a_row(Check& check) {
  check.expect("an update of a missing row", check.update({Action::set("a", "b")}, {}), Kind::refused);
  check.expect("an update of a missing row if an attribute is absent",
               check.update({Action::set("a", "b")}, {Condition::absent("a")}), Kind::refused);
  check.expect_stored("after updates of a missing row", std::nullopt);
}

void missing_rows_read_as_absent(Check& check) { check.expect_stored("a row never created", std::nullopt); }

struct Asked {
  std::string what;
  Condition condition;
  bool holds;
};

void expect_answers(Check& check, const std::vector<Asked>& questions) {
  for (const Asked& asked : questions) {
    check.expect("an update if " + asked.what, check.update({Action::set("touched", "yes")}, {asked.condition}),
                 asked.holds ? Kind::applied : Kind::refused);
  }
}

void conditions_are_checked(Check& check) {
  check.given({{"owner", "a"}, {"counter", Number::of(7)}, {"empty", ""}, {"null", AttributeValue()}});
  expect_answers(check,
                 {{"a present attribute is present", Condition::present("owner"), true},
                  {"an absent attribute is present", Condition::present("nobody"), false},
                  {"an absent attribute is absent", Condition::absent("nobody"), true},
                  {"a present attribute is absent", Condition::absent("owner"), false},
                  {"an empty string is absent", Condition::absent("empty"), false},
                  {"a null is absent", Condition::absent("null"), false},
                  {"an equal text is equal", Condition::equals("owner", "a"), true},
                  {"another text is equal", Condition::equals("owner", "A"), false},
                  {"an absent attribute is equal to the empty string", Condition::equals("nobody", ""), false},
                  {"an absent attribute is equal to null", Condition::equals("nobody", AttributeValue()), false}});
  const std::vector<Condition> one_fails{Condition::equals("owner", "a"), Condition::equals("counter", Number::of(8))};
  check.expect("an update of which one condition of two fails", check.update({Action::set("touched", "no")}, one_fails),
               Kind::refused);
}

void equality_is_typed(Check& check) {
  check.given({{"text", "1"},
               {"number", Number::of(1)},
               {"large", Number{"100"}},
               {"yes", true},
               {"set", strings("a", "b")},
               {"list", AttributeValue(AttributeValue::List{AttributeValue("a"), AttributeValue("b")})}});
  const AttributeValue reversed(AttributeValue::List{AttributeValue("b"), AttributeValue("a")});
  expect_answers(check, {{"S 1 equals N 1", Condition::equals("text", Number::of(1)), false},
                         {"N 1 equals S 1", Condition::equals("number", "1"), false},
                         {"N 1 equals N 1.0", Condition::equals("number", Number{"1.0"}), true},
                         {"N 1 equals N 1e0", Condition::equals("number", Number{"1e0"}), true},
                         {"N 100 equals N 1E+2", Condition::equals("large", Number{"1E+2"}), true},
                         {"N 1 equals N -1", Condition::equals("number", Number{"-1"}), false},
                         {"true equals true", Condition::equals("yes", true), true},
                         {"true equals false", Condition::equals("yes", false), false},
                         {"S 1 equals B 1", Condition::equals("text", Binary{"1"}), false},
                         {"sets are equal whatever their order", Condition::equals("set", strings("b", "a")), true},
                         {"a set equals a part of it", Condition::equals("set", strings("a")), false},
                         {"a list equals itself reversed", Condition::equals("list", reversed), false}});
}

void actions_set_remove_and_add(Check& check) {
  check.given(
      {{"kept", "k"}, {"changed", "old"}, {"removed", "r"}, {"counter", Number::of(41)}, {"half", Number{"0.5"}}});
  const WriteOutcome outcome =
      check.update({Action::set("changed", Number::of(1)), Action::set("new", "n"), Action::remove("removed"),
                    Action::remove("never there"), Action::add("counter", Number::of(1)),
                    Action::add("half", Number{"-1.5"}), Action::add("from nothing", Number::of(5))},
                   {});
  check.expect("an update with all actions", outcome, Kind::applied);
  const Item after = check.row("row", {{"kept", "k"},
                                       {"changed", Number::of(1)},
                                       {"new", "n"},
                                       {"counter", Number::of(42)},
                                       {"half", Number::of(-1)},
                                       {"from nothing", Number::of(5)}});
  check.that(outcome.row == after,
             "an applied update returned " + text_of(outcome.row) + " instead of " + text_of(after));
  check.expect_stored("after an update with all actions", after);
}

void applied_writes_return_the_row_after(Check& check) {
  const Item row = check.row("row", {{"a", "1"}});
  const WriteOutcome created = check.store().create(row, Call{});
  check.expect("create", created, Kind::applied);
  check.that(created.row == row, "an applied create returned " + text_of(created.row) + " instead of " + text_of(row));
  const WriteOutcome untouched = check.update({}, {Condition::present("a")});
  check.expect("an update without actions", untouched, Kind::applied);
  check.that(untouched.row == row, "an update without actions returned " + text_of(untouched.row));
  const WriteOutcome removed = check.store().remove(check.key(), {}, Call{});
  check.expect("remove", removed, Kind::applied);
  check.that(!removed.row, "an applied remove returned a row");
}

void a_refusal_changes_nothing(Check& check) {
  const Item row = check.given({{"owner", "a"}, {"counter", Number::of(1)}});
  const WriteOutcome outcome =
      check.update({Action::set("owner", "b"), Action::add("counter", Number::of(1)), Action::set("new", "n")},
                   {Condition::equals("owner", "c")});
  check.expect("an update whose condition fails", outcome, Kind::refused);
  check.that(!outcome.row || *outcome.row == row, "a refused update told another row: " + text_of(outcome.row));
  check.expect_stored("after a refused update", row);
}

void unnamed_attributes_survive(Check& check) {
  Item row = check.given(every_type());
  for (int i = 0; i < 3; ++i) {
    check.expect("an update of one attribute", check.update({Action::set("touched", Number::of(i))}, {}),
                 Kind::applied);
  }
  row["touched"] = Number::of(2);
  check.expect_stored("after updates that named one attribute", row);
}

void misuse_is_told_and_changes_nothing(Check& check, const std::string& key_attribute) {
  const Item row = check.given({{"text", "t"}, {"set", strings("a")}});
  const AttributeValue no_set(AttributeValue::Variant(AttributeValue::StringSet{}));
  const auto refuses = [&](const std::string& what, Action action) {
    check.expect(what, check.update({Action::set("other", "o"), std::move(action)}, {}), Kind::misuse);
  };
  refuses("adding to a string", Action::add("text", Number::of(1)));
  refuses("setting the key attribute", Action::set(key_attribute, "another key"));
  refuses("removing the key attribute", Action::remove(key_attribute));
  refuses("setting an empty set", Action::set("set", no_set));
  refuses("setting a number that is none", Action::set("number", Number{"seven"}));
  refuses("naming an attribute twice", Action::set("other", "p"));
  check.expect_stored("after misuse", row);
  check.expect("create of a row without a key", check.store().create({{"text", "t"}}, Call{}), Kind::misuse);
  check.expect("create of a row whose key is a number", check.store().create({{key_attribute, Number::of(1)}}, Call{}),
               Kind::misuse);
}

void removal_is_conditional(Check& check) {
  const Item row = check.given({{"owner", "a"}});
  const std::vector<Condition> fails{Condition::equals("owner", "b")};
  check.expect("a remove whose condition fails", check.store().remove(check.key(), fails, Call{}), Kind::refused);
  check.expect_stored("after a refused remove", row);
  const std::vector<Condition> holds{Condition::equals("owner", "a"), Condition::absent("claim")};
  check.expect("a remove whose conditions hold", check.store().remove(check.key(), holds, Call{}), Kind::applied);
  check.expect_stored("after a remove", std::nullopt);
  const WriteOutcome again = check.store().remove(check.key(), {}, Call{});
  check.expect("a remove of a missing row", again, Kind::refused);
  check.that(!again.row, "a remove of a missing row told a row");
  check.given({{"owner", "c"}});  // a removed key can be used again
}

/// Rows enough for several pages, both of stores that count rows and of those that count a megabyte.
Rows many_rows(Check& check) {
  Rows rows;
  for (int i = 0; i < 150 && !check.failed(); ++i) {
    const std::string suffix = std::to_string(i);
    rows.emplace(check.key(suffix),
                 check.given({{"payload", std::string(8'000, static_cast<char>('a' + i % 26))}}, suffix));
  }
  return rows;
}

void a_scan_shows_each_row_once(Check& check) {
  const Rows rows = many_rows(check);
  const Rows shown = check.scan();
  check.that(shown == rows, "a scan showed " + std::to_string(shown.size()) + " of " + std::to_string(rows.size()) +
                                " rows, or other contents");
}

void segments_partition_the_rows(Check& check) {
  const Rows rows = many_rows(check);
  Rows shown;
  for (std::size_t segment = 0; segment < 3; ++segment) {
    for (auto& [key, row] : check.scan(segment, 3)) {
      check.that(shown.emplace(key, row).second, "two segments showed row " + key);
    }
  }
  check.that(shown == rows, "the segments showed " + std::to_string(shown.size()) + " of " +
                                std::to_string(rows.size()) + " rows, or other contents");
  check.that(!check.store().scan({.segment = 3, .total_segments = 3}, Call{}), "a scan of segment 3 of 3 did not fail");
}

void odd_keys_are_keys(Check& check) {
  const std::vector<std::string> suffixes{"a",
                                          "A",
                                          "a ",
                                          " a",
                                          "it's",
                                          "\"quoted\"",
                                          "semi;colon--",
                                          "100%",
                                          "under_score",
                                          "back\\slash",
                                          "a/b/c",
                                          "line\nfeed",
                                          "tab\t",
                                          "\u00E9",
                                          "e\u0301",
                                          "\u6771\u4EAC",
                                          "\U0001F600",
                                          "NULL",
                                          "0",
                                          "00",
                                          "1e1",
                                          "10",
                                          std::string(1'000, 'k')};
  Rows rows;
  for (const std::string& suffix : suffixes) rows.emplace(check.key(suffix), check.given({{"is", suffix}}, suffix));
  for (const std::string& suffix : suffixes) check.expect_stored("key " + suffix, rows.at(check.key(suffix)), suffix);
  check.that(check.scan() == rows, "a scan did not show the rows with odd keys as they are");
}

void ensure_can_be_repeated(Check& check) {
  const Item row = check.given({{"a", "1"}});
  for (const auto create : {CreateTable::if_missing, CreateTable::never}) {
    const auto ensured = check.store().ensure(create, Call{});
    check.that(ensured.has_value(), "a repeated ensure failed: " + (ensured ? "" : ensured.error().message));
  }
  check.expect_stored("after a repeated ensure", row);
}

std::shared_ptr<ItemStore> unowned(ItemStore& store) { return {std::shared_ptr<void>(), &store}; }

void a_late_write_meets_its_condition(Check& check) {
  check.given({{"counter", Number::of(1)}});
  FaultyItemStore network(unowned(check.store()), {}, 1);
  const auto raise = [&](int from, const char* token) {
    return network.update({check.key(),
                           {Action::set("counter", Number::of(from + 1)), Action::set("token", token)},
                           {Condition::equals("counter", Number::of(from))}},
                          Call{});
  };
  network.set_next_fate(WriteFate::late);
  check.expect("a write that is under way", raise(1, "late"), Kind::unknown);
  check.expect_stored("before the late write", check.row("row", {{"counter", Number::of(1)}}));
  check.expect("a write that overtakes it", raise(1, "overtaker"), Kind::applied);
  for (const WriteOutcome& late : network.deliver_late_writes()) check.expect("the late write", late, Kind::refused);
  const Item after = check.row("row", {{"counter", Number::of(2)}, {"token", "overtaker"}});
  check.expect_stored("after the late write", after);
}

void expect_counted(Check& check, const std::vector<std::pair<std::string, CasWriter>>& writers) {
  const auto row = check.read();
  std::int64_t committed = 0;
  for (const auto& [name, writer] : writers) {
    committed += writer.committed();
    const std::int64_t counted = row ? CasWriter::count_of(*row, name) : 0;
    check.that(counted == writer.committed(), "writer " + name + " committed " + std::to_string(writer.committed()) +
                                                  " increments, the row counts " + std::to_string(counted));
  }
  const std::int64_t counter = row ? CasWriter::counter_of(*row) : 0;
  check.that(counter == committed,
             "the counter is " + std::to_string(counter) + " after " + std::to_string(committed) + " increments");
}

void unknown_answers_are_settled_by_tokens(Check& check) {
  check.given({{"counter", Number::of(0)}});
  const ItemStoreFaults faults{.request_lost = 0.1,
                               .answer_lost = 0.15,
                               .late = 0.15,
                               .unreachable = 0.05,
                               .throttled = 0.05,
                               .read_fails = 0.1};
  FaultyItemStore network(unowned(check.store()), faults, 20'261'122);
  std::vector<std::pair<std::string, CasWriter>> writers;
  for (const char* name : {"a", "b", "c"}) writers.emplace_back(name, CasWriter(network, check.key(), name));
  for (int turn = 0; turn < 150 && !check.failed(); ++turn) {
    for (auto& [name, writer] : writers) {
      const std::string broken = writer.step();
      check.that(broken.empty(), broken);
    }
    if (turn % 7 == 0) network.deliver_late_writes();
  }
  for (auto& [name, writer] : writers) {
    const std::string broken = writer.run(writer.committed() + 1);  // one more commit settles what is in doubt
    check.that(broken.empty(), broken);
  }
  network.deliver_late_writes();
  expect_counted(check, writers);
}

void threads_raise_a_counter_exactly(Check& check) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 25;
  check.given({{"counter", Number::of(0)}});
  std::vector<std::pair<std::string, CasWriter>> writers;
  for (int i = 0; i < kThreads; ++i) {
    const std::string name = std::to_string(i);
    writers.emplace_back(name, CasWriter(check.store(), check.key(), name));
  }
  std::vector<std::string> broken(kThreads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(writers.size());
    for (std::size_t i = 0; i < writers.size(); ++i) {
      threads.emplace_back([&, i] { broken[i] = writers[i].second.run(kIncrements); });
    }
  }
  for (const std::string& promise : broken) check.that(promise.empty(), promise);
  expect_counted(check, writers);
}

}  // namespace

std::vector<ConformanceCase> item_store_conformance(const std::string& key_attribute) {
  std::vector<ConformanceCase> cases;
  const auto add = [&](const std::string& name, const std::function<void(Check&)>& body) {
    cases.push_back({name, [=](ItemStore& store) -> std::string {
                       const auto ensured = store.ensure(CreateTable::if_missing, Call{});
                       if (!ensured) return "ensure failed: " + ensured.error().message;
                       Check check(store, key_attribute, name);
                       body(check);
                       return check.failure();
                     }});
  };
  add("every_type_round_trips", every_type_round_trips);
  add("an_existing_row_is_not_created_again", an_existing_row_is_not_created_again);
  add("an_update_never_creates_a_row", an_update_never_creates_a_row);
  add("missing_rows_read_as_absent", missing_rows_read_as_absent);
  add("conditions_are_checked", conditions_are_checked);
  add("equality_is_typed", equality_is_typed);
  add("actions_set_remove_and_add", actions_set_remove_and_add);
  add("applied_writes_return_the_row_after", applied_writes_return_the_row_after);
  add("a_refusal_changes_nothing", a_refusal_changes_nothing);
  add("unnamed_attributes_survive", unnamed_attributes_survive);
  add("misuse_is_told_and_changes_nothing",
      [=](Check& check) { misuse_is_told_and_changes_nothing(check, key_attribute); });
  add("removal_is_conditional", removal_is_conditional);
  add("a_scan_shows_each_row_once", a_scan_shows_each_row_once);
  add("segments_partition_the_rows", segments_partition_the_rows);
  add("odd_keys_are_keys", odd_keys_are_keys);
  add("ensure_can_be_repeated", ensure_can_be_repeated);
  add("a_late_write_meets_its_condition", a_late_write_meets_its_condition);
  add("unknown_answers_are_settled_by_tokens", unknown_answers_are_settled_by_tokens);
  add("threads_raise_a_counter_exactly", threads_raise_a_counter_exactly);
  return cases;
}

}  // namespace kcl::testing
