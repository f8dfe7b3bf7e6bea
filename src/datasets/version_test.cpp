#include <doctest/doctest.h>

#include "datasets/testing.hpp"
#include "datasets/version.hpp"

using namespace millrace;
using namespace millrace::datasets;
using testing::csv;
using testing::Parts;

namespace {

/// A dataset in memory, from which the next version is made.
struct Version {
    mutable Parts parts;
    BuildResult result;
    Changes changes;

    explicit Version(const std::string& text) { result = build(csv(text), parts.sinks()); }
    Version(const Version& before, const std::string& text, const VersionPlan& plan) {
        const Parent parent{.columns = before.result.columns, .open = [&] { return before.rows(); }, .bytes = before.result.data_bytes};
        result = build_version(csv(text), parent, plan, parts.sinks(), {}, changes);
    }

    RowReader rows() const {
        return {parts.data, result.texts_bytes > 0 ? &parts.texts : nullptr, result.columns};
    }
    std::string json() const {
        std::string out;
        rows().append_json({}, out);
        return out;
    }
    bool adds_up() const {
        const auto& r = result.report;
        return r.rows_in == r.rows_out + r.rows_rejected + r.rows_reported && r.rows_out == changes.rows_kept + changes.rows_new;
    }
};

const std::string prices = "sku,price,day\r\na,1.50,31/01/2024\r\nb,2.00,28/02/2024\r\n";

}  // namespace

TEST_CASE("appended rows come behind those before, and all texts stay as they stood") {
    const Version before{prices};
    const Version after{before, "sku,price,day\r\nc,3.25,15/03/2024\r\na,9,16/03/2024\r\n", {.mode = Mode::append}};

    CHECK(after.json() == R"([{"sku":"a","price":1.50,"day":"2024-01-31"},{"sku":"b","price":2.00,"day":"2024-02-28"},{"sku":"c","price":3.25,"day":"2024-03-15"},{"sku":"a","price":9.00,"day":"2024-03-16"}])");
    CHECK(after.changes.rows_kept == 2);
    CHECK(after.changes.rows_new == 2);
    CHECK(after.changes.retyped.empty());
    CHECK(after.adds_up());
    CHECK(before.rows().rows() == 2);
}

TEST_CASE("an upsert takes the rows of the file for those with the same key") {
    const Version before{"sku,land,price\r\na,NL,1\r\nb,NL,2\r\na,BE,3\r\n"};
    const Version after{before, "price,sku,land\r\n10,a,NL\r\n20,c,NL\r\n30,c,NL\r\n5,,NL\r\n", {.mode = Mode::upsert, .key = {"sku", "land"}}};

    CHECK(after.json() == R"([{"sku":"b","land":"NL","price":2},{"sku":"a","land":"BE","price":3},{"sku":"a","land":"NL","price":10},{"sku":"c","land":"NL","price":30}])");
    CHECK(after.changes.rows_replaced == 1);
    CHECK(after.changes.rows_kept == 2);
    CHECK(after.changes.rows_new == 2);
    CHECK(after.result.report.rows_rejected == 2);
    CHECK(after.changes.reordered.size() == 3);
    CHECK(after.parts.rejects.bytes.contains("key_repeated"));
    CHECK(after.parts.rejects.bytes.contains("key_missing"));
    CHECK(after.adds_up());
}

TEST_CASE("the same number written in another way is the same key") {
    const Version before{"id,v\r\n1.50,a\r\n2.00,b\r\n"};
    const Version after{before, "id,v\r\n1.5,c\r\n", {.mode = Mode::upsert, .key = {"id"}}};

    CHECK(after.changes.rows_replaced == 1);
    CHECK(after.result.rows == 2);
}

TEST_CASE("what is different from the version before is told") {
    const Version before{prices};
    const Version after{before, "Day,sku,amount\r\n2024-01-31,7,5\r\n", {.mode = Mode::replace}};

    CHECK(after.changes.added == std::vector<std::string>{"amount"});
    CHECK(after.changes.missing == std::vector<std::string>{"price"});
    REQUIRE(after.changes.renamed.size() == 1);
    CHECK(after.changes.renamed[0].from == "day");
    CHECK(after.changes.renamed[0].to == "Day");
    CHECK(after.changes.renamed[0].same);
    CHECK(after.changes.reordered.size() == 2);
    REQUIRE(after.changes.retyped.size() == 1);
    CHECK(after.changes.retyped[0].column == "sku");
    CHECK(after.changes.retyped[0].to == formats::Type::int64);
    CHECK(after.changes.rows_new == 1);
}

TEST_CASE("under evolve new columns come and types widen, with nulls where nothing was") {
    const Version before{prices};
    const Version after{before, "sku,price,stock\r\nc,cheap,7\r\n", {.mode = Mode::append}};

    CHECK(after.json() == R"([{"sku":"a","price":"1.50","day":"2024-01-31","stock":null},{"sku":"b","price":"2.00","day":"2024-02-28","stock":null},{"sku":"c","price":"cheap","day":null,"stock":7}])");
    REQUIRE(after.changes.retyped.size() == 1);
    CHECK(after.changes.retyped[0].column == "price");
    CHECK(after.changes.retyped[0].to == formats::Type::text);
}

TEST_CASE("under freeze any difference ends the job with what it is") {
    const Version before{prices};
    struct Row { const char *name, *text, *want; };
    for (const Row& row : std::initializer_list<Row>{
             {"added", "sku,price,day,stock\r\nc,1,01/03/2024,5\r\n", "\"stock\" is new"},
             {"missing", "sku,price\r\nc,1\r\n", "\"day\" is missing"},
             {"retyped", "sku,price,day\r\nc,cheap,15/03/2024\r\n", "\"cheap\" in the column \"price\" is no decimal"},
         }) {
        CAPTURE(row.name);
        std::string why;
        try {
            Version{before, row.text, {.mode = Mode::append, .contract = Contract::freeze}};
        } catch (const Error& error) {
            CHECK(error.code() == Code::schema_drift);
            why = error.what();
        }
        CAPTURE(why);
        CHECK(why.contains(row.want));
    }
    const Version after{before, "day,sku,price\r\n15/03/2024,c,4\r\n", {.mode = Mode::append, .contract = Contract::freeze}};
    CHECK(after.result.rows == 3);
    CHECK(after.result.columns == before.result.columns);
}

TEST_CASE("under discard_row what does not fit is rejected, under discard_value it is null") {
    const Version before{prices};
    const std::string text = "sku,price,day,stock\r\nc,cheap,15/03/2024,\r\nd,4.00,16/03/2024,\r\ne,5.00,17/03/2024,9\r\n";
    for (const auto mode : {Mode::append, Mode::replace}) {
        const std::size_t kept = mode == Mode::append ? 2 : 0;
        const Version rows{before, text, {.mode = mode, .contract = Contract::discard_row}};
        CHECK(rows.result.rows == kept + 1);
        CHECK(rows.changes.rows_discarded == 2);
        CHECK(rows.result.report.rows_rejected == 2);
        CHECK(rows.result.columns == before.result.columns);
        CHECK(rows.adds_up());

        const Version values{before, text, {.mode = mode, .contract = Contract::discard_value}};
        CHECK(values.result.rows == kept + 3);
        CHECK(values.changes.values_discarded == 2);
        CHECK(values.result.report.rows_rejected == 0);
        CHECK(values.result.columns == before.result.columns);
        CHECK(values.json().contains(R"({"sku":"c","price":null,"day":"2024-03-15"})"));
        REQUIRE(values.changes.retyped.size() == 1);
        CHECK(values.changes.retyped[0].text == "cheap");
        CHECK(values.adds_up());
    }
}

TEST_CASE("an upsert under discard_row leaves rows alone whose new version is discarded") {
    const Version before{prices};
    const Version after{before, "sku,price,day\r\na,cheap,15/03/2024\r\n", {.mode = Mode::upsert, .key = {"sku"}, .contract = Contract::discard_row}};

    CHECK(after.changes.rows_replaced == 0);
    CHECK(after.result.rows == 2);
}

TEST_CASE("versions of versions keep every text") {
    std::string text = "n,code\r\n";
    for (int i = 0; i < 5000; ++i) text += std::to_string(i) + (i % 7 == 0 ? ",0" : ",") + std::to_string(i) + "\r\n";
    const Version first{text};
    const Version second{first, "n,code\r\nx7,  y\r\n", {.mode = Mode::append}};
    const Version third{second, "n,code\r\n4999,z\r\n", {.mode = Mode::upsert, .key = {"n"}}};

    CHECK(third.result.rows == 5001);
    CHECK(third.changes.rows_replaced == 1);
    CHECK(third.json().contains(R"({"n":"4998","code":"04998"})"));
    CHECK(third.adds_up());
}
