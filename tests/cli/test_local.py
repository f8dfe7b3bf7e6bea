"""Commands that need no server."""

import base64
import filecmp
import gzip
import hashlib
import json
import os
import resource
import subprocess
import unittest
import zipfile

from cli_case import BINARY, SANITIZED, CliCase, Terminal, environment
from support import tokens
from support.server import postgres
from support.workbook import sheet, workbook

SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "examples", "samples")


class Query(CliCase):
    def test_files_are_tables_under_their_names(self):
        self.file("orders.csv", "sku;town;price\na;Delft;1,50\nb;Gouda;2,25\nc;Delft;4,00\n")
        self.file("towns.json", '[{"town": "Delft", "people": 104000}]')
        done = self.expect(0, "query", "SELECT o.town, count(*) AS n, max(people) AS people FROM orders o LEFT JOIN \"towns.json\" USING (town) GROUP BY 1 ORDER BY 1",
                           "orders.csv", "towns.json", "--json")
        self.assertEqual([json.loads(line) for line in done.out.splitlines()], [{"town": "Delft", "n": 2, "people": 104000}, {"town": "Gouda", "n": 1, "people": None}])
        self.expect(0, "convert", "orders.csv", "orders.parquet")
        done = self.expect(0, "query", "SELECT sku FROM \"orders.parquet\" WHERE town = 'Delft'", "orders.parquet", "-o", "csv")
        self.assertEqual(done.out.splitlines(), ["sku", "a", "c"])

    def test_a_query_that_is_none_is_status_2_with_its_place(self):
        self.file("orders.csv", "sku\na\n")
        self.assertIn("line 1, column 8", self.expect(2, "query", "SELECT nothere FROM orders", "orders.csv").err)
        self.expect(2, "query", "DROP TABLE orders", "orders.csv")


class Basics(CliCase):
    def test_version_is_one_line_or_json(self):
        self.assertRegex(self.expect(0, "version").out, r"^millrace \d+\.\d+\.\d+\n$")
        self.assertEqual(self.expect(0, "--version").out, self.expect(0, "version").out)
        self.assertEqual(json.loads(self.expect(0, "version", "--json").out)["name"], "millrace")

    def test_help_goes_to_stdout_and_usage_errors_to_stderr(self):
        self.assertIn("convert", self.expect(0, "--help").out)
        self.assertIn("--on-duplicate", self.expect(0, "import", "--help").out)
        done = self.expect(2, "improt", "x")
        self.assertEqual(done.out, "")
        self.assertIn('did you mean "import"', done.err)
        self.expect(2, "import")
        self.expect(2, "convert", "only-one")
        self.expect(2, "completion", "tcsh")

    def test_help_and_version_start_at_once(self):
        times = []
        for _ in range(15):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([BINARY, "version"], stdout=subprocess.DEVNULL, env=environment())
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        # The bar is 20 ms. Of processor time, which other programs do not lengthen, and the least of several runs.
        self.assertLessEqual(min(times), 0.5 if SANITIZED else 0.020)

    def test_messages_follow_the_language(self):
        env = {"LANG": "nl_NL.UTF-8", "MILLRACE_TOKEN": "x"}
        done = self.expect(7, "jobs", "ls", "--server", "http://127.0.0.1:1", env=env)
        self.assertIn("Er antwoordt geen server", done.err)

    def test_an_unreachable_server_is_status_7_with_advice(self):
        done = self.expect(7, "jobs", "ls", "--server", "http://127.0.0.1:1")
        self.assertIn("http://127.0.0.1:1", done.err)
        self.assertIn("try: ", done.err)

    def test_a_reader_that_leaves_is_no_error(self):
        done = subprocess.run(f"{BINARY} --help | head -n 1 > /dev/null; exit ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                              capture_output=True, env=environment())
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_colour_is_for_terminals_that_want_it(self):
        for env, options, want in (({}, (), True), ({"NO_COLOR": "1"}, (), False), ({"TERM": "dumb"}, (), False),
                                   ({}, ("--color", "never"), False), ({"NO_COLOR": "1"}, ("--color", "always"), True)):
            terminal = Terminal(["jobs", "ls", "--server", "http://127.0.0.1:1", *options], self.dir, env)
            self.assertEqual(terminal.wait(), 7)
            self.assertEqual("\x1b[31m" in terminal.text, want, (env, options, terminal.text))
        self.assertNotIn("\x1b", self.run_cli("jobs", "ls", "--server", "http://127.0.0.1:1").err)


class Extract(CliCase):
    def test_a_file_gives_its_text_or_one_json_object(self):
        self.file("note.txt", "Factuurdatum: 3 maart 2021\nTe betalen EUR 121,00\n")
        self.assertEqual(self.expect(0, "extract", "note.txt").out, "Factuurdatum: 3 maart 2021\nTe betalen EUR 121,00\n\n")
        answer = json.loads(self.expect(0, "extract", "note.txt", "--json").out)
        self.assertEqual((answer["id"], answer["media_type"]), ("note.txt", "text/plain"))
        self.assertEqual(list(answer["fields"]), ["date", "total", "amount", "amount_untaxed", "invoice_number", "currency", "iban", "vat", "bic", "company"])
        self.assertEqual((answer["fields"]["date"], answer["fields"]["total"], answer["fields"]["iban"]), ("2021-03-03", "121.00", None))

    def test_a_workbook_is_lines_of_cells(self):
        self.file("book.xlsx", workbook([("One", "visible", sheet([["Total", "x"]]))]))
        self.assertIn("Total\tx\n", self.expect(0, "extract", "book.xlsx").out)

    def test_what_cannot_be_read_is_named_and_the_rest_is_read(self):
        self.file("broken.pdf", "%PDF-1.7\nnothing of the kind")
        self.file("note.txt", "hello\n")
        done = self.expect(3, "extract", "broken.pdf", "note.txt")
        self.assertIn("broken.pdf: ", done.err)
        self.assertIn("hello", done.out)


class Map(CliCase):
    TEMPLATE = json.dumps({"fields": [{"name": "email", "type": "string", "format": "email"}, {"name": "date_of_birth", "type": "date"},
                                      {"name": "country_code", "type": "string", "enum": ["NL", "BE"]}]})
    EXPORT = "E-mailadres;Geb.datum;Land;Lievelingskleur\na@x.nl;31-12-1980;Nederland;rood\nb@x.be;01-02-1975;Belgi\u00eb;groen\n"

    def test_an_export_is_mapped_to_a_template(self):
        self.file("export.csv", self.EXPORT)
        self.file("template.json", self.TEMPLATE)
        answer = json.loads(self.expect(0, "map", "export.csv", "template.json", "--json").out)
        self.assertEqual({(e["source"], e["target"]) for e in answer["mapping"]},
                         {("E-mailadres", "email"), ("Geb.datum", "date_of_birth"), ("Land", "country_code")})
        for entry in answer["mapping"] + answer["candidates"]:
            self.assertLessEqual({"source", "target", "confidence", "reason"}, set(entry))
            self.assertTrue(0 <= entry["confidence"] <= 1 and entry["reason"])
        land = next(e for e in answer["mapping"] if e["source"] == "Land")
        self.assertEqual(land["values"], {"Nederland": "NL", "Belgi\u00eb": "BE"})
        self.assertEqual(answer["unmapped_source"], ["Lievelingskleur"])

    def test_a_json_schema_is_a_target_and_a_pipe_a_source(self):
        self.file("schema.json", json.dumps({"type": "object", "properties": {"email": {"type": "string", "format": "email"}, "born": {"type": "string", "format": "date"}}}))
        answer = json.loads(self.expect(0, "map", "-", "schema.json", "--json", input=self.EXPORT).out)
        self.assertIn(("E-mailadres", "email"), {(e["source"], e["target"]) for e in answer["mapping"]})

    def test_people_see_a_table_and_what_is_left(self):
        self.file("export.csv", self.EXPORT)
        self.file("template.json", self.TEMPLATE)
        done = self.expect(0, "map", "export.csv", "template.json")
        self.assertIn("E-mailadres", done.out)
        self.assertIn("left unmapped: Lievelingskleur", done.err)

    def test_wrong_uses_are_refused(self):
        self.file("a.csv", self.EXPORT)
        self.file("twice.json", '{"fields": [{"name": "a"}, {"name": "a"}]}')
        self.expect(2, "map", "a.csv")
        self.expect(2, "map", "-", "-")
        self.expect(5, "map", "a.csv", "missing.json")
        self.expect(1, "map", "a.csv", "twice.json")


class Classify(CliCase):
    TOPICS = json.dumps({"concepts": [{"id": "garden", "label": "Garden", "synonyms": ["tuin", "plants"]},
                                      {"id": "kitchen", "label": "Kitchen", "synonyms": ["recipe", "cooking"]}]})

    def test_documents_are_classified_line_by_line_and_file_by_file(self):
        self.file("topics.json", self.TOPICS)
        self.file("letter.html", "<title>Onze tuin</title><p>Veel planten")
        lines = [{"id": 7, "text": "Cooking with plants: a recipe for the kitchen"}, {"id": "b", "text": "Plants for the garden"}, {"id": "c", "text": "42"}]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        with gzip.open(self.path("news.jsonl.gz"), "wb") as out:
            out.write(data)
        answers = [json.loads(line) for line in self.expect(0, "classify", "--ontology", "topics.json", "news.jsonl.gz", "letter.html", "--json").out.splitlines()]
        self.assertEqual([(a["id"], a["concept"]) for a in answers], [("7", "kitchen"), ("b", "garden"), ("c", None), ("letter.html", "garden")])
        self.assertTrue(all(0 <= a["confidence"] <= 1 for a in answers))
        self.assertIn("recipe", answers[0]["terms"])
        same = self.expect(0, "classify", "--ontology", "topics.json", "-", "--json", input=data.decode()).out.splitlines()
        self.assertEqual([json.loads(line)["concept"] for line in same], ["kitchen", "garden", None])

    def test_a_line_that_is_no_document_is_reported_and_the_rest_is_classified(self):
        self.file("topics.json", self.TOPICS)
        self.file("news.jsonl", '{"id": "a", "text": "the garden"}\n{"id": "b"}\nno json\n\n{"id": "d", "text": "a recipe"}\n')
        answers = [json.loads(line) for line in self.expect(3, "classify", "--ontology", "topics.json", "news.jsonl", "--json").out.splitlines()]
        self.assertEqual([(a["id"], a["concept"], "error" in a) for a in answers],
                         [("a", "garden", False), ("b", None, True), ("news.jsonl:3", None, True), ("d", "kitchen", False)])

    def test_examples_teach_and_foreign_ones_are_left_out(self):
        self.file("topics.json", self.TOPICS)
        self.file("decided.jsonl", '{"id": 1, "label": "Garden", "text": "Rosen schneiden"}\n{"id": 2, "label": "boat", "text": "Segel"}\n')
        self.file("foreign.jsonl", '{"id": 2, "label": "boat", "text": "Segel"}\n')
        self.file("a.txt", "Neue Rosen")
        done = self.expect(0, "classify", "--ontology", "topics.json", "--examples", "decided.jsonl", "a.txt", "--json")
        self.assertEqual(json.loads(done.out)["concept"], "garden")
        self.assertIn("1 of 2 examples left out", done.err)
        self.expect(2, "classify", "--ontology", "topics.json", "--examples", "foreign.jsonl", "a.txt")
        self.expect(5, "classify", "--ontology", "missing.json", "a.txt")


class Convert(CliCase):
    def test_a_file_becomes_standard_csv(self):
        self.file("in.txt", "naam;plaats\nJosé;Gent\n\"Piet; jr\";Luik\nAnna;Aalst\n".encode("cp1252"))
        self.expect(0, "convert", "in.txt", "out.csv")
        self.assertEqual(self.read("out.csv").decode(), "naam,plaats\r\nJosé,Gent\r\nPiet; jr,Luik\r\nAnna,Aalst\r\n")
        self.assertEqual(os.listdir(self.dir).count("out.csv"), 1)
        self.assertFalse([n for n in os.listdir(self.dir) if "partial" in n])

    def test_pipes_work_on_both_sides(self):
        done = self.expect(0, "convert", "-", "-", input="a\tb\n1\t2\n3\t4\n")
        self.assertEqual(done.out, "a,b\r\n1,2\r\n3,4\r\n")

    def test_options_fix_what_would_be_found_out(self):
        self.file("in.csv", "1;2\n3;4\n")
        done = self.expect(0, "convert", "in.csv", "-", "--no-header", "--delimiter", ";")
        self.assertEqual(done.out, "1,2\r\n3,4\r\n")

    def test_the_report_accounts_for_every_row(self):
        done = self.expect(0, "convert", "--json", os.path.join(SAMPLES, "supplier-invoices.csv"), "out.csv")
        report = json.loads(done.out)
        self.assertEqual(report["rows_in"], report["rows_out"] + report["rows_rejected"] + report["rows_reported"])
        self.assertEqual(report["rows_out"], 1180)
        self.assertEqual(report["dialect"]["delimiter"], ";")

    def test_other_formats_and_their_tables(self):
        self.file("orders.json", '{"users": [{"id": 1}], "orders": [{"no": 1.10, "to": {"city": "Gent"}}, {"no": 2}]}')
        done = self.expect(0, "sniff", "--json", "orders.json")
        self.assertEqual([t["name"] for t in json.loads(done.out)["tables"]], ["orders", "users"])
        self.expect(0, "convert", "orders.json", "out.csv", "--all-tables")
        self.assertEqual(self.read("out.csv"), b"no,to.city\r\n1.10,Gent\r\n2,\r\n")
        self.assertEqual(self.read("out-2.csv"), b"id\r\n1\r\n")
        self.assertEqual(self.expect(0, "convert", "orders.json", "-", "--table", "2").out, "id\r\n1\r\n")
        self.expect(2, "convert", "orders.json", "-", "--table", "3")
        self.file("orders.xml", "<r><o id='1'><n>a</n></o><o id='2'/></r>")
        self.assertEqual(self.expect(0, "convert", "orders.xml", "-").out, "@id,n\r\n1,a\r\n2,\r\n")

    def test_compressed_files_and_archives_are_converted_as_what_is_in_them(self):
        with gzip.open(self.path("orders.csv.gz"), "wb") as packed:
            packed.write(b"a;b\n1;2\n")
        self.assertEqual(self.expect(0, "convert", "orders.csv.gz", "-").out, "a,b\r\n1,2\r\n")
        found = json.loads(self.expect(0, "sniff", "--json", "orders.csv.gz").out)
        self.assertEqual((found["compression"], found["format"], found["delimiter"]), ("gzip", "csv", ";"))
        with zipfile.ZipFile(self.path("all.zip"), "w") as archive:
            archive.write(self.path("orders.csv.gz"), "2024/orders.csv.gz")
            archive.writestr("../towns.json", '[{"town": "Gent"}]')
            archive.writestr("bad.json", "[{")
            archive.writestr("README.md", "# Data")
        done = self.expect(3, "convert", "all.zip", "out/")
        self.assertEqual(self.read("out/2024/orders.csv"), b"a,b\r\n1,2\r\n")
        self.assertEqual(self.read("out/towns.csv"), b"town\r\nGent\r\n")
        self.assertIn("skipped all.zip/README.md: not_data", done.err)
        self.assertIn("bad.json", done.err)
        self.assertIn("directory", self.expect(2, "convert", "all.zip", "out.csv").err)
        members = json.loads(self.expect(0, "sniff", "--json", "all.zip").out)["members"]
        self.assertEqual([m["filename"] for m in members], ["2024/orders.csv.gz", "towns.json", "bad.json", "README.md"])
        with zipfile.ZipFile(self.path("one.zip"), "w") as archive:
            archive.writestr("README.md", "# Data")
            archive.writestr("only.csv", "x,y\n1,2\n")
        self.assertEqual(self.expect(0, "convert", "one.zip", "-").out, "x,y\r\n1,2\r\n")

    def test_a_list_goes_on_after_a_file_that_fails(self):
        self.file("a.csv", "x,y\n1,2\n")
        self.file("b.csv", "x,y\n3,4\n")
        self.file("list", "a.csv\ta.out\tand more\nmissing.csv\tm.out\nb.csv\tb.out\n")
        done = self.expect(3, "convert", "--list", "list", "--json")
        lines = {line["in"]: line for line in map(json.loads, done.out.splitlines())}
        self.assertEqual(lines["missing.csv"]["error_code"], "not_found")
        self.assertEqual(self.read("a.out"), b"x,y\r\n1,2\r\n")
        self.assertEqual(self.read("b.out"), b"x,y\r\n3,4\r\n")
        self.assertFalse(os.path.exists(self.path("m.out")))

    def test_a_failure_leaves_the_old_file_alone(self):
        self.file("out.csv", "old")
        self.file("in.bin", b"\x00\x01\x02\x00" * 100)
        self.expect(1, "convert", "in.bin", "out.csv")
        self.assertEqual(self.read("out.csv"), b"old")
        self.assertEqual(sorted(os.listdir(self.dir)), ["in.bin", "out.csv"])

    def test_names_of_files_are_escaped_in_messages(self):
        name = "a\x1b[2J\nb.csv"
        done = self.expect(5, "convert", name, "out.csv")
        self.assertIn("a\\x1b[2J\\nb.csv", done.err)
        self.assertNotIn("\x1b", done.err)

    def test_a_workbook_is_converted_and_sniffed_by_its_content(self):
        rows = [["name", "day", "amount"], ["Jos\u00e9", (45322, 1), 1.5], ["An, jr", (45323, 1), 0.30000000000000004]]
        self.file("book.dat", workbook([("secret", "hidden", sheet([["x"], [1]])), ("data", "visible", sheet(rows))]))
        self.expect(0, "convert", "book.dat", "out.csv")
        self.assertEqual(self.read("out.csv").decode(), 'name,day,amount\r\nJos\u00e9,2024-01-31,1.5\r\n"An, jr",2024-02-01,0.3\r\n')
        found = json.loads(self.expect(0, "sniff", "--json", "book.dat").out)
        self.assertEqual((found["format"], found["names"]), ("xlsx", ["name", "day", "amount"]))
        self.file("cut.xlsx", self.read("book.dat")[:300])
        self.assertIn("damaged", self.expect(1, "convert", "cut.xlsx", "-").err)

    def test_the_child_that_reads_workbooks_is_not_for_people(self):
        done = self.expect(2, "sandbox", "1000000000", "10")
        self.assertEqual((done.out, done.err), ("", ""))

    def test_sniff_says_how_a_file_is_read(self):
        done = self.expect(0, "sniff", "--json", os.path.join(SAMPLES, "members.txt"), os.path.join(SAMPLES, "stock.tsv"))
        members, stock = map(json.loads, done.out.splitlines())
        self.assertEqual((members["delimiter"], stock["delimiter"]), ("|", "\t"))
        self.assertIn("barcode", stock["names"])


class ConvertToOtherFormats(CliCase):
    def setUp(self):
        super().setUp()
        self.file("in.csv", "code;prijs;naam\n007;1,50;=1+1\n0012;;-5\n13;2,25;x\n")

    def test_the_extension_says_what_to_write(self):
        for name, begin in (("a.csv", b"code,prijs,naam\r\n007,"), ("a.tsv", b"code\tprijs\tnaam\n007\t"), ("a.json", b'[\n{"code":"007",'),
                            ("a.ndjson", b'{"code":"007",'), ("a.jsonl", b'{"code":"007",'), ("a.xlsx", b"PK"), ("a.xml", b"<?xml"), ("a.parquet", b"PAR1"),
                            ("a.sql", b"BEGIN;\nCREATE TABLE"), ("a.sqlite", b"SQLite format 3"), ("a.md", b"| code | prijs |"),
                            ("a.csv.gz", b"\x1f\x8b"), ("a.JSON.ZST", b"\x28\xb5\x2f\xfd"), ("noextension", b"code,prijs,naam\r\n")):
            self.expect(0, "convert", "in.csv", name)
            self.assertTrue(self.read(name).startswith(begin), (name, self.read(name)[:60]))
        self.assertFalse([n for n in os.listdir(self.dir) if "partial" in n])

    def test_options_name_the_format_and_how_to_write_it(self):
        done = self.expect(0, "convert", "in.csv", "-", "--to", "sql", "-O", "table=prijzen", "-O", "style=copy")
        self.assertIn('COPY "prijzen" ("code", "prijs", "naam") FROM stdin;\n', done.out)
        done = self.expect(0, "convert", "in.csv", "-", "--to", "csv", "-O", "formulas=safe", "-O", "null_text=NULL", "-O", "delimiter=;", "-O", "line_end=lf")
        self.assertEqual(done.out, "code;prijs;naam\n007;1,50;\"'=1+1\"\n0012;NULL;-5\n13;2,25;x\n")
        for options in (["--to", "exe"], ["-O", "delimiter"], ["-O", "delimeter=;"], ["--to", "json", "-O", "delimiter=;"], ["-O", "split_rows=2"]):
            self.expect(2, "convert", "in.csv", "-", *options)
        self.assertIn("expected one of csv, tsv", self.expect(2, "convert", "in.csv", "-", "--to", "exe").err)

    def test_the_report_has_a_manifest_of_the_files(self):
        done = self.expect(0, "convert", "--json", "in.csv", "a.ndjson", "-O", "split_rows=2")
        manifest = json.loads(done.out)["manifest"]
        self.assertEqual([p["rows"] for p in manifest["parts"]], [2, 1])
        for number, part in enumerate(manifest["parts"], 1):
            content = self.read(f"a-{number:04}.ndjson")
            self.assertEqual((hashlib.sha256(content).hexdigest(), len(content)), (part["sha256"], part["bytes"]))
        self.assertFalse(os.path.exists(self.path("a.ndjson")))

    def test_a_column_that_turns_out_wider_late_is_written_as_an_import_would(self):
        with open(self.path("late.csv"), "w") as f:
            f.write("id,late\n")
            f.writelines(f"{i},{i if i < 135_000 else 'x'}\n" for i in range(140_000))  # a row group has 131,072 rows
        self.expect(0, "convert", "late.csv", "late.ndjson")
        with open(self.path("late.ndjson")) as f:
            first = json.loads(f.readline())
            count, last = 1, ""
            for last in f:
                count += 1
        self.assertEqual((count, first["late"], json.loads(last)["late"]), (140_000, "0", "x"))
        with open(self.path("piped.ndjson"), "wb") as f:
            subprocess.run([BINARY, "convert", "late.csv", "-", "--to", "ndjson"], stdout=f, cwd=self.dir, env=environment(None, self.dir), check=True)
        self.assertTrue(filecmp.cmp(self.path("piped.ndjson"), self.path("late.ndjson"), shallow=False), "nothing of the first reading reaches a pipe")

    def test_a_failure_leaves_the_old_file_and_no_parts(self):
        self.file("out.sqlite", "old")
        self.file("wide.csv", ",".join(f"c{i}" for i in range(2500)) + "\n" + ",".join("1" for _ in range(2500)) + "\n")
        self.expect(1, "convert", "wide.csv", "out.sqlite")
        self.assertEqual(self.read("out.sqlite"), b"old")
        self.assertEqual(sorted(os.listdir(self.dir)), ["in.csv", "out.sqlite", "wide.csv"])


class Settings(CliCase):
    def test_flags_win_over_environment_and_files_and_the_origin_is_told(self):
        self.file("millrace.toml", 'data_dir = "from-file"\n[http]\nhead_timeout = "3s"\n')
        env = {"MILLRACE_HTTP_HEAD_TIMEOUT": "4s"}
        done = self.expect(0, "config", "show", "--origin", "--json", "--http-body-idle-timeout", "9s", env=env)
        origins = {o["key"]: (o["value"], o["origin"]) for o in map(json.loads, done.out.splitlines())}
        self.assertEqual(origins["http.body_idle_timeout"], ("9s", "flag --http-body-idle-timeout"))
        self.assertEqual(origins["http.head_timeout"][0], "4s")
        self.assertIn("MILLRACE_HTTP_HEAD_TIMEOUT", origins["http.head_timeout"][1])
        self.assertEqual(origins["data_dir"], ("from-file", "./millrace.toml line 1"))

    def test_secrets_are_masked(self):
        done = self.expect(0, "config", "show", "--origin", env={"JWT_SECRET": tokens.SECRET})
        self.assertNotIn(tokens.SECRET, done.out)
        self.assertIn("JWT_SECRET", done.out)

    def test_a_wrong_setting_is_named_with_the_right_one(self):
        done = self.expect(2, "config", "check", "--http-haed-timeout", "5s")
        self.assertIn("http-head-timeout", done.err)
        self.expect(0, "config", "check")

    def test_a_token_is_signed_with_the_configured_secret(self):
        done = self.expect(0, "token", "--subject", "alice", "--role", "admin", "--ttl", "2h", env={"JWT_SECRET": tokens.SECRET})
        header, claims, _ = done.out.strip().split(".")
        claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
        self.assertEqual((claims["sub"], claims["role"]), ("alice", "admin"))
        self.assertAlmostEqual(claims["exp"] - claims["iat"], 7200, delta=2)
        self.assertEqual(tokens.hs(json.loads(base64.urlsafe_b64decode(header + "==")), claims).split(".")[1],
                         tokens.b64(tokens.compact(claims)))
        self.expect(2, "token", "--subject", "alice")
        self.expect(2, "token", "--subject", "alice", "--ttl", "soon", env={"JWT_SECRET": tokens.SECRET})


class Upkeep(CliCase):
    def test_doctor_finds_a_usable_machine_and_names_what_is_wrong(self):
        done = self.expect(0, "doctor", "--json", "--data-dir", "data", "--listen", "127.0.0.1:0")
        checks = {c["check"]: c for c in map(json.loads, done.out.splitlines())}
        self.assertEqual(checks["sync"]["verdict"], "ok")
        self.assertEqual(checks["database"]["verdict"], "ok")
        self.assertFalse(os.path.exists(self.path("data")), "doctor leaves nothing behind")
        self.file("plain", "")
        done = self.expect(1, "doctor", "--data-dir", "plain", "--listen", "127.0.0.1:0")
        self.assertIn("FAIL", done.out)

    def test_migrate_plans_then_does_then_has_nothing_to_do(self):
        plan = json.loads(self.expect(0, "migrate", "--plan", "--json", "--data-dir", "data").out)
        self.assertEqual(plan["version"], 0)
        self.assertGreater(plan["pending"], 0)
        done = json.loads(self.expect(0, "migrate", "--json", "--data-dir", "data").out)
        self.assertEqual((done["version"], done["pending"]), (plan["known"], 0))
        self.assertIn("up to date", self.expect(0, "migrate", "--data-dir", "data").out)

    def test_a_postgresql_database_is_looked_at_without_touching_it(self):
        env = {"DATABASE_URL": postgres().create_database()}
        plan = json.loads(self.expect(0, "migrate", "--plan", "--json", env=env).out)
        self.assertEqual(plan["version"], 0)
        self.assertGreater(plan["pending"], 0)
        json.loads(self.expect(0, "migrate", "--json", env=env).out)
        self.assertIn("up to date", self.expect(0, "migrate", env=env).out)
        self.assertIn(f"PostgreSQL, schema {plan['known']} of", self.expect(0, "doctor", "--listen", "127.0.0.1:0", env=env).out)
        done = self.expect(1, "doctor", "--listen", "127.0.0.1:0", env={"DATABASE_URL": "postgresql://127.0.0.1:1/none"})
        self.assertIn("correct DATABASE_URL", done.out)

    def test_completion_is_a_script_that_the_shell_takes(self):
        script = self.expect(0, "completion", "bash").out
        check = script + "\nCOMP_WORDS=(millrace jobs w); COMP_CWORD=2; _millrace; echo \"${COMPREPLY[@]}\"\n"
        done = subprocess.run(["bash"], input=check, capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "wait", done.stderr)


if __name__ == "__main__":
    unittest.main()
