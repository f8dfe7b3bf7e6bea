#include <doctest/doctest.h>
#include <fmt/format.h>

#include "transform/interchange.hpp"
#include "transform/testing.hpp"

namespace millrace::transform {
namespace {

const std::string orders =
    "Order No,First,Last,Qty,Unit Price,Discount %,Status,Order Date\n"
    "1, Ann ,de Vries,3,\"12,35\",5,paid,01-02-2024\n"
    "2,Bob,Smith,10,\"0,05\",,cancelled,02-02-2024\n"
    "3,Zo\u00eb,M\u00fcller,7,\"19,99\",10,open,31-02-2024\n"
    "4,\"Jo, An\",\"O\"\"Neil\",x,\"1,00\",0,open,03-02-2024\n";

const std::string order_spec = R"~({"spec": 1,
  "let": [{"name": "qty", "expr": "parse_int(Qty)"}, {"name": "price", "expr": "parse_decimal(`Unit Price`, 2, ',')"},
          {"name": "disc", "expr": "coalesce(parse_int(`Discount %`), 0)"}],
  "rows": {"filter": "Status != 'cancelled'"},
  "fields": [
    {"target": "order_id", "from": ["Order No"], "steps": [{"op": "parse_int"}]},
    {"target": "customer", "expr": "trim(First) & ' ' & trim(Last)"},
    {"target": "total", "type": "decimal(12,2)", "expr": "round(qty * price * (100 - disc) / 100, 2)"},
    {"target": "day", "from": ["Order Date"], "steps": [{"op": "parse_date", "pattern": "dd-MM-yyyy"}], "on_error": "null"}]})~";

TEST_CASE("a table becomes another one, with every row accounted for") {
    const auto ran = run_spec(order_spec, orders);

    CHECK(ran.out == "order_id,customer,total,day\n1,Ann de Vries,35.20,2024-02-01\n3,Zo\u00eb M\u00fcller,125.94,\n");
    CHECK(ran.report.rows_in == 4);
    CHECK(ran.report.rows_out == 2);
    CHECK(ran.report.rows_filtered == 1);
    CHECK(ran.report.rows_rejected == 1);
    CHECK(ran.report.rows_warned == 1);
    REQUIRE(ran.problems.size() == 2);
    CHECK(ran.problems[0].row == 3);
    CHECK(ran.problems[0].code == "impossible_date");
    CHECK(ran.problems[1].row == 4);
    CHECK(ran.problems[1].column == "total");
    CHECK(ran.problems[1].code == "not_a_whole_number");
    CHECK(ran.problems[1].value == "x");
}

TEST_CASE("the rejects, put right, go through the same spec") {
    const auto ran = run_spec(order_spec, orders);
    CHECK(ran.rejects == "Order No,First,Last,Qty,Unit Price,Discount %,Status,Order Date,millrace_row,millrace_errors\n"
                         "4,\"Jo, An\",\"O\"\"Neil\",x,\"1,00\",0,open,03-02-2024,4,total: not_a_whole_number\n");

    auto corrected = ran.rejects;
    corrected.replace(corrected.find(",x,"), 3, ",2,");
    const auto again = run_spec(order_spec, corrected);

    CHECK(again.out == "order_id,customer,total,day\n4,\"Jo, An O\"\"Neil\",2.00,2024-02-03\n");
    CHECK(again.report.rows_rejected == 0);
}

TEST_CASE("what becomes of a bad cell is for the spec to say") {
    struct Row {
        const char* name;
        std::string rest, want;
    };
    for (const Row& row : std::initializer_list<Row>{
             {"null", R"~("expr": "parse_int(a)", "on_error": "null")~", "n\n1\n\"\"\n3\n"},
             {"default", R"~("expr": "parse_int(a)", "on_error": "default_value", "default_value": -1)~", "n\n1\n-1\n3\n"},
             {"default date", R"~("expr": "if(a = 'x', parse_date(a), parse_date('2024-01-01'))", "on_error": "default_value", "default_value": "2000-01-01")~", "n\n2024-01-01\n2000-01-01\n2024-01-01\n"},
             {"keep", R"~("expr": "normalise_iban(a)", "on_error": "keep")~", "n\n1\nx\n3\n"},
             {"reject", R"~("expr": "parse_int(a)")~", "n\n1\n3\n"},
         }) {
        CAPTURE(row.name);
        CHECK(run_spec(R"~({"spec": 1, "fields": [{"target": "n", )~" + row.rest + "}]}", "a,b\n1,\nx,\n3,\n").out == row.want);
    }
    CHECK(formats::code_of([] { run_spec(R"~({"spec": 1, "fields": [{"target": "n", "expr": "parse_int(a)", "on_error": "fail"}]})~", "a,b\n1,\nx,\n"); }) == Code::value_refused);
    CHECK(formats::code_of([] { run_spec(R"~({"spec": 1, "limits": {"reject_rate_max": 0.4}, "fields": [{"target": "n", "expr": "parse_int(a)"}]})~", "a,b\n1,\nx,\n"); }) == Code::too_many_rejects);
}

TEST_CASE("one row becomes several") {
    CHECK(run_spec(R"~({"spec": 1, "rows": {"explode": {"column": "tags", "separator": ";"}}, "fields": [{"target": "id", "from": ["id"]}, {"target": "tag", "from": ["tags"]}]})~",
                   "id,tags\n1,a; b;c\n2,\n3,d\n").out == "id,tag\n1,a\n1,b\n1,c\n2,\n3,d\n");
    CHECK(run_spec(R"~({"spec": 1, "rows": {"unpivot": {"columns": ["q1", "q2"], "name": "quarter", "value": "sales"}, "filter": "not is_null(sales)"},
                       "fields": [{"target": "shop", "from": ["shop"]}, {"target": "quarter", "from": ["quarter"]}, {"target": "sales", "expr": "parse_int(sales)"}]})~",
                   "shop,q1,q2\na,1,2\nb,,4\n").out == "shop,quarter,sales\na,q1,1\na,q2,2\nb,q2,4\n");
    std::string long_cell = "0";
    for (int i = 1; i < 20'000; ++i) long_cell += fmt::format("|{}", i);
    const auto ran = run_spec(R"~({"spec": 1, "rows": {"explode": {"column": "a", "separator": "|"}}, "fields": [{"target": "a", "expr": "parse_int(a)"}]})~", "a,b\n" + long_cell + ",x\n7,y\n");
    CHECK(ran.report.rows_out == 20'001);
    CHECK(ran.report.rows_added == 19'999);
}

std::string many_rows(int count) {
    std::string csv = "key,n\n";
    for (int i = 0; i < count; ++i) csv += fmt::format("{},{}\n", static_cast<unsigned>(i) * 2'654'435'761u % 4'000, i);
    return csv;
}

TEST_CASE("repeated rows go, however little memory there is") {
    for (const std::string keep : {"first", "last"}) {
        const auto spec = R"~({"spec": 1, "rows": {"dedupe": {"by": ["k"], "keep": ")~" + keep + R"~("}}, "fields": [{"target": "k", "from": ["key"]}, {"target": "n", "expr": "parse_int(n)"}]})~";
        const auto csv = many_rows(20'000);

        const auto roomy = run_spec(spec, csv);
        const auto tight = run_spec(spec, csv, {.memory_bytes = 40'000});

        CAPTURE(keep);
        CHECK(roomy.report.rows_out + roomy.report.rows_duplicate == 20'000);
        CHECK(roomy.report.rows_duplicate > 10'000);
        CHECK(tight.out == roomy.out);
    }
}

TEST_CASE("groups are exact and in the order of their first rows, however little memory there is") {
    const auto spec = R"~({"spec": 1, "fields": [{"target": "k", "from": ["key"]}, {"target": "n", "expr": "parse_decimal(n, 2) / 4", "type": "decimal(18,2)"}],
        "group_by": {"keys": ["k"], "aggregates": [{"target": "count", "op": "count"}, {"target": "sum", "op": "sum", "of": "n"}, {"target": "low", "op": "min", "of": "n"},
                     {"target": "high", "op": "max", "of": "n"}, {"target": "first", "op": "first", "of": "n"}, {"target": "last", "op": "last", "of": "n"},
                     {"target": "mean", "op": "average", "of": "n"}, {"target": "even", "op": "count", "when": "n > 1000"}]}})~";
    const auto csv = many_rows(20'000);

    const auto roomy = run_spec(spec, csv);
    const auto tight = run_spec(spec, csv, {.memory_bytes = 100'000});

    CHECK(roomy.out.starts_with("k,count,sum,low,high,first,last,mean,even\n"));
    CHECK(roomy.report.rows_out + roomy.report.rows_grouped == 20'000);
    CHECK(tight.out == roomy.out);
    CHECK(run_spec(R"~({"spec": 1, "fields": [{"target": "k", "from": ["a"]}, {"target": "n", "expr": "parse_decimal(b, 2)", "type": "decimal(9,2)"}],
        "group_by": {"keys": ["k"], "aggregates": [{"target": "sum", "op": "sum", "of": "n"}, {"target": "mean", "op": "average", "of": "n"}]}})~",
                   "a,b\nx,0.10\ny,1\nx,0.20\n,5\nx,\n").out == "k,sum,mean\nx,0.30,0.15\ny,1.00,1\n,5.00,5\n");
}

TEST_CASE("the same rows and spec give the same bytes") {
    const auto csv = many_rows(5'000);
    const auto spec = R"~({"spec": 1, "fields": [{"target": "at", "expr": "now()"}, {"target": "id", "expr": "uuid5('dns', key)"}, {"target": "row", "expr": "row_number()"}]})~";
    CHECK(run_spec(spec, csv).out == run_spec(spec, csv).out);
}

TEST_CASE("lookups join, and tell what has no match") {
    const auto ran = run_spec(R"~({"spec": 1, "lookups": {"c": {"rows": {"columns": ["code", "name"], "rows": [["NL", "Netherlands"], ["EU", null]]}, "key": ["code"], "ignore_case": true}},
        "fields": [{"target": "name", "expr": "lookup('c', 'name', a)"}, {"target": "state", "expr": "case(is_missing(lookup('c', 'name', a)), 'missing', is_null(lookup('c', 'name', a)), 'null', 'there')"}]})~",
                              "a,b\nnl,\nEU,\nXX,\n");
    CHECK(ran.out == "name,state\nNetherlands,there\n,null\n,missing\n");
}

TEST_CASE("a spec that cannot work says everything that is wrong") {
    const auto found = issues_of([] {
        run_spec(R"~({"spec": 1, "let": [{"name": "p", "expr": "q"}, {"name": "q", "expr": "p"}], "rows": {"filter": "trim(a)"},
            "fields": [{"target": "x", "from": ["aa"]}, {"target": "y", "from": ["a"], "steps": [{"op": "tirm"}]}, {"target": "z", "from": ["a"], "type": "int"},
                       {"target": "v", "expr": "lookup('c', 'x', a)"}, {"target": "w", "expr": "1 +"}]})~", "a,b\n1,2\n");
    });
    std::string all;
    for (const auto& issue : found) all += issue + '\n';
    CHECK(all.find("/let/0/expr: column 1: in \"q\": ") != std::string::npos);
    CHECK(all.find("is made of itself") != std::string::npos);
    CHECK(all.find("/rows/filter: column 1: a filter is true or false; this is text") != std::string::npos);
    CHECK(all.find("/fields/0/from/0: there is no column \"aa\"; did you mean \"a\"?") != std::string::npos);
    CHECK(all.find("/fields/1/steps/0/op: there is no operator \"tirm\"; did you mean \"trim\"?") != std::string::npos);
    CHECK(all.find("/fields/2/type: this is text, where int is needed; read it with parse_int()") != std::string::npos);
    CHECK(all.find("/fields/3/expr: column 8: there is no lookup \"c\"") != std::string::npos);
    CHECK(all.find("/fields/4/expr: column 4: the expression ends too early") != std::string::npos);
}

TEST_CASE("specs are read strictly and known by what they mean") {
    CHECK(issues_of([] { parse_spec(R"~({"spec": 1, "fields": [{"target": "a", "form": ["a"]}]})~"); }) ==
          std::vector<std::string>{"/fields/0/form: is not known here; did you mean \"from\"?"});
    CHECK(issues_of([] { parse_spec(R"~({"spec": 2, "fields": []})~"); }).size() == 2);
    CHECK(issues_of([] { parse_spec(R"~({"spec": 1, "fields": [{"target": "a", "from": ["a"]}, {"target": "A", "expr": "a"}]})~"); }).size() == 1);
    const auto one = parse_spec(R"~({"spec": 1, "fields": [{"target": "a", "from": ["a"], "steps": [{"op": "pad_start", "width": 3, "fill": "0"}]}]})~");
    const auto same = parse_spec(R"~({"fields": [{"on_error": "reject_row", "steps": [{"fill": "0", "op": "pad_start", "width": 3}], "from": ["a"], "target": "a"}], "lookups": {}, "spec": 1})~");
    const auto other = parse_spec(R"~({"spec": 1, "fields": [{"target": "a", "from": ["a"], "steps": [{"op": "pad_start", "width": 4, "fill": "0"}]}]})~");
    CHECK(content_hash(one) == content_hash(same));
    CHECK(content_hash(one) != content_hash(other));
    CHECK(content_hash(parse_spec(to_text(one))) == content_hash(one));
}

TEST_CASE("schemas and histories of others become specs") {
    const auto table = import_spec(R"~({"fields": [{"name": "id", "type": "integer", "constraints": {"required": true, "unique": true}},
        {"name": "price", "type": "number", "decimalChar": ","}, {"name": "on", "type": "date", "format": "%d/%m/%Y"}, {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}}]})~");
    CHECK(run_spec(table, "id,price,on,kind\n1,\"2,5\",31/12/2024,a\n1,3,01/01/2024,c\n").out == "id,price,on,kind\n1,2.5,2024-12-31,a\n");

    const auto schema = import_spec(R"~({"type": "object", "properties": {"n": {"type": ["integer", "null"], "minimum": 2}, "d": {"type": "string", "format": "date"}}, "required": ["d"]})~");
    CHECK(run_spec(schema, "n,d\n1,2024-01-01\n2,2024-01-02\n3,\n").out == "n,d\n2,2024-01-02\n");

    const auto history = import_spec(R"~([{"op": "core/column-rename", "oldColumnName": "A", "newColumnName": "name"},
        {"op": "core/text-transform", "columnName": "name", "expression": "grel:value.trim().toUppercase().replace('-', ' ')"},
        {"op": "core/mass-edit", "columnName": "B", "edits": [{"from": ["x", "y"], "to": "z"}]}, {"op": "core/column-removal", "columnName": "C"}])~", {"A", "B", "C"});
    CHECK(run_spec(history, "A,B,C\n a-b ,x,1\nc,q,2\n").out == "name,B\nA B,z\nC,q\n");
    CHECK(issues_of([] { import_spec(R"~([{"op": "core/recon"}])~"); }).size() == 1);
}

TEST_CASE("a preview shows rows before and after") {
    formats::TextSource source{orders};
    const auto open = rows_of(source);
    const Lookups lookups;
    Plan plan{parse_spec(order_spec), open()->columns(), lookups, {}};

    const auto seen = plan.preview(open, 3);

    const auto& rows = seen.at("rows").as_array();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].at("source").at("First") == " Ann ");
    CHECK(rows[0].at("target").at("customer") == "Ann de Vries");
    CHECK(rows[1].at("filtered") == true);
    CHECK(rows[2].at("problems").as_array().size() == 1);
}

TEST_CASE("a dataset is read with its types") {
    formats::TextSource source{orders};
    const auto open = rows_of(source);
    const Lookups lookups;
    Plan first{parse_spec(order_spec), open()->columns(), lookups, {}};
    formats::TextSink parquet;
    first.run(open, {.output = [&](std::vector<formats::WriteColumn> columns) { return formats::find_output("parquet")->open(parquet, std::move(columns), {}); }});
    formats::TextSource stored{parquet.text};
    const OpenRows again = [&] { return typed_rows(stored); };
    formats::TextSink csv;

    Plan second{parse_spec(R"~({"spec": 1, "fields": [{"target": "id", "expr": "order_id + 1"}, {"target": "twice", "expr": "total * 2"}, {"target": "next", "expr": "add_days(day, 1)"}]})~"),
                again()->columns(), lookups, {}};
    const auto report = second.run(again, {.output = csv_into(csv)});

    CHECK(csv.text == "id,twice,next\n2,70.4,2024-02-02\n4,251.88,\n");
    CHECK(report.rows_in == 2);
}

TEST_CASE("every output format takes what a plan writes") {
    for (const auto* format : formats::output_catalog()) {
        CAPTURE(format->name);
        formats::TextSource source{orders};
        const auto open = rows_of(source);
        const Lookups lookups;
        std::string bytes[2];
        for (auto& made : bytes) {
            Plan plan{parse_spec(order_spec), open()->columns(), lookups, {}};
            formats::TextSink sink;
            plan.run(open, {.output = [&](std::vector<formats::WriteColumn> columns) { return format->open(sink, std::move(columns), {}); }});
            made = sink.text;
        }
        CHECK(bytes[0].size() > 20);
        CHECK(bytes[0] == bytes[1]);
    }
}

}  // namespace
}  // namespace millrace::transform
