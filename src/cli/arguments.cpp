// The only file that includes CLI11, which costs a compiler more than all others here together.
#include "cli/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/suggest.hpp"

namespace millrace::cli {
namespace {

constexpr const char* settings_hint =
    "Every setting of the server is an option too, e.g. --http-head-timeout 5s, --database-url-file F.\n"
    "All of them with their values and where those come from: millrace config show --origin";

constexpr const char* exit_codes =
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 partly done, 4 not allowed, 5 not found, 6 conflict or duplicate,\n"
    "7 server unreachable, 8 timed out, 130 interrupted.";

/// Builds the tree of commands. The options write into `a`.
class Tree {
public:
    explicit Tree(Arguments& arguments) : a{arguments} {
        root.name("millrace");
        root.require_subcommand(0, 1);
        root.allow_extras();
        root.set_help_flag("-h,--help", "Show this help");
        root.add_flag("--version", version_, "Show the version");
        root.footer(std::string{"Start here:   millrace demo      or   millrace all --dev\n\n"} + exit_codes);
        servers();
        files();
        datasets();
        transforming();
        batch();
        jobs();
        schedules();
        accounts();
        upkeep();
    }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    CLI::App root{"millrace: tables in, clean data sets out; every step a job you can watch"};
    bool version() const { return version_; }
    bool takes_settings(const CLI::App* command) const {
        return std::ranges::find(with_settings_, command) != with_settings_.end();
    }

private:
    CLI::App* command(CLI::App& parent, const char* name, const char* about, const char* footer = "") {
        auto* sub = parent.add_subcommand(name, about);
        sub->allow_extras();
        sub->set_help_flag("-h,--help", "Show this help");
        if (*footer) sub->footer(footer);
        sub->add_option("--color,--colour", a.colour, "auto, always or never")->type_name("WHEN")->group("Common");
        sub->add_flag("--debug", a.debug, "Say more about errors")->group("Common");
        sub->add_option("--config", a.config, "Settings file in place of ./millrace.toml")->type_name("FILE")->group("Common");
        return sub;
    }
    CLI::App* group(const char* name, const char* about) {
        auto* sub = root.add_subcommand(name, about);
        sub->require_subcommand(1);
        sub->allow_extras();
        sub->set_help_flag("-h,--help", "Show this help");
        return sub;
    }
    CLI::App* with_settings(CLI::App* sub) {
        with_settings_.push_back(sub);
        return sub;
    }
    CLI::App* with_server(CLI::App* sub) {
        sub->add_option("--server", a.server, "URL of the server; also MILLRACE_URL. Else the one that runs on the data directory")
            ->type_name("URL")->group("Server");
        sub->add_option("--token", a.token, "Bearer token or API key; better MILLRACE_TOKEN or MILLRACE_TOKEN_FILE")
            ->type_name("TOKEN")->group("Server");
        sub->add_option("--data-dir", a.data_dir, "Data directory of the server")->type_name("DIR")->group("Server");
        return sub;
    }
    CLI::App* with_output(CLI::App* sub) {
        sub->add_option("-o,--output", a.output, "table, tsv, csv or json; a table on a terminal, else tsv")->type_name("FORMAT");
        sub->add_flag("--json", a.json, "One JSON object per line");
        sub->add_option("--fields", a.fields, "Only these columns, e.g. id,state,job_metadata.filename")->delimiter(',')->allow_extra_args(false)->type_name("A,B");
        sub->add_flag("-q,--quiet", a.quiet, "Ids only");
        return sub;
    }

    void servers() {
        const char* common = "      --listen ADDRESS:PORT   default 127.0.0.1:8000; port 0 takes any free one\n"
                             "      --data-dir DIR          default ./var\n"
                             "      --port-file FILE        gets the port once the server listens\n"
                             "      --dev                   no credentials, on loopback only\n\n";
        const auto footer = std::string{common} + settings_hint;
        with_settings(command(root, "all", "Run the API and the workers in one process", footer.c_str()));
        with_settings(command(root, "serve", "Run the API only; jobs wait for workers", footer.c_str()));
        with_settings(command(root, "worker", "Run jobs only", settings_hint));
        auto* demo = with_settings(command(root, "demo", "Start a server, import the samples, show what happened", settings_hint));
        demo->add_flag("--once", a.once, "Stop when the samples are imported");
        demo->add_option("--samples", a.samples, "Directory of files to import")->type_name("DIR");
        demo->add_option("--progress", a.progress, "auto, live, plain, json or none")->type_name("MODE");
    }

    void files() {
        auto* import = with_server(command(root, "import", "Import files through a running server",
                                           "  millrace import sales.csv\n"
                                           "  millrace import --on-duplicate reuse --json incoming/*.csv\n"
                                           "  millrace import --delimiter ';' --no-header --table 2 export.txt\n"
                                           "  millrace import --version-of ID --mode upsert --key sku prices.csv"));
        import->add_option("FILE", a.files, "Files to import; - is standard input")->required();
        import->add_option("--on-duplicate", a.on_duplicate, "When the same bytes are imported already: error, reuse or version")
            ->check(CLI::IsMember({"error", "reuse", "version"}));
        import->add_option("--supplier-id", a.supplier_id, "Kept with the job and the dataset")->type_name("ID");
        import->add_option("--table", a.table, "Only this table of a file with several (see sniff); all when absent")
            ->type_name("N")->check(CLI::Range(1, 1'000'000));
        reading(import);
        import->add_option("--version-of", a.version_of, "The dataset that this becomes the next version of")->type_name("ID")->group("Versions");
        import->add_option("--mode", a.mode, "replace (the default), append or upsert: what becomes of the rows before")
            ->check(CLI::IsMember({"replace", "append", "upsert"}))->group("Versions");
        import->add_option("--key", a.key, "With --mode upsert: columns, e.g. sku,country")->type_name("A,B")->group("Versions");
        import->add_option("--contract", a.contract, "What may happen to the columns: evolve, freeze, discard_row or discard_value")
            ->check(CLI::IsMember({"evolve", "freeze", "discard_row", "discard_value"}))->group("Versions");
        import->add_flag("!--wait,--no-wait", a.no_wait, "Return as soon as the bytes are accepted");
        import->add_option("--parallel", a.parallel, "Files sent at the same time")->check(CLI::Range(1, 64))->capture_default_str();
        import->add_option("--progress", a.progress, "auto, live, plain, json or none")->type_name("MODE");
        import->add_option("-o,--output", a.output, "table, tsv, csv or json")->type_name("FORMAT");
        import->add_flag("--json", a.json, "One JSON object per file");
        import->add_flag("-q,--quiet", a.quiet, "Ids of the datasets only");

        auto* convert = command(root, "convert", "Read any table file and write a standard CSV, or another format, without a server",
                                "  millrace convert messy.txt clean.csv\n"
                                "  millrace convert messy.txt clean.xlsx      (by the extension, also .gz and .zst)\n"
                                "  millrace convert messy.txt - --to sql -O style=copy\n"
                                "  cat messy.txt | millrace convert - - > clean.csv\n"
                                "  millrace convert --list pairs.tsv      (lines: IN, a tab, OUT)");
        convert->add_option("IN_OUT", a.files, "What to read and what to write; - is standard input or output")->type_name("IN OUT")->expected(0, 2);
        writing(convert);
        convert->add_option("--list", a.list, "Convert every pair of this file; - is standard input")->type_name("FILE");
        auto* table = convert->add_option("--table", a.table, "Which table of a file with several (see sniff); the first when absent");
        table->type_name("N")->check(CLI::Range(1, 1'000'000));
        convert->add_flag("--all-tables", a.all_tables, "Every table; the second one goes to OUT with -2 before its extension")->excludes(table);
        reading(convert);
        convert->add_flag("--json", a.json, "Report per file on standard output (on standard error when OUT is -)");

        auto* export_ = with_server(command(root, "export", "Write a dataset as a file, by a job of a running server",
                                            "  millrace export ID -o orders.xlsx\n"
                                            "  millrace export ID --to ndjson -O compression=zstd -o -"));
        export_->add_option("ID", a.ids, "Id of a dataset")->required()->expected(1);
        export_->add_option("-o,--output", a.out, "The file; - is standard output. Absent: its own name, here")->type_name("FILE");
        writing(export_);
        export_->add_option("--format", a.to, "The same as --to")->type_name("FORMAT")->group("Writing");
        export_->add_option("--progress", a.progress, "auto, live, plain, json or none")->type_name("MODE");
        export_->add_flag("--json", a.json, "The manifest as JSON on standard output");

        auto* sniff = command(root, "sniff", "Say how a file is to be read, without a server", "  millrace sniff --json messy.txt");
        sniff->add_option("FILE", a.files, "Files to look at; - is standard input")->required();
        reading(sniff);
        sniff->add_flag("--json", a.json, "One JSON object per file");

        auto* extract = command(root, "extract", "Read documents and what they say: dates, totals, numbers of accounts, without a server",
                                "  millrace extract invoice.pdf --json\n"
                                "  millrace extract scans/*.jpg --json > fields.ndjson");
        extract->add_option("FILE", a.files, "PDF, pictures, letters, slides, workbooks, mail, HTML, text")->required();
        extract->add_option("--ocr", a.mode, "automatic (pages without usable text), never or always")->check(CLI::IsMember({"automatic", "never", "always"}));
        extract->add_flag("--json", a.json, "One JSON object per file; else its text");

        auto* analyze = command(root, "analyze", "Say what is in a file and what is wrong with it, without a server",
                                "  millrace analyze orders.csv                (a report in Markdown)\n"
                                "  millrace analyze --json *.xlsx | jq .quality");
        analyze->add_option("FILE", a.files, "Files to read; - is standard input")->required();
        analyze->add_option("--table", a.table, "Which table of a file with several")->type_name("N")->check(CLI::Range(1, 1'000'000));
        reading(analyze);
        analyze->add_flag("--json", a.json, "One JSON object per file");

        auto* map = command(root, "map", "Propose which column of a file belongs to which field of a target, without a server",
                            "  millrace map supplier.csv template.json\n"
                            "  millrace map old.xlsx new.csv --json");
        map->add_option("SOURCE_TARGET", a.files, "Two tables of any format, or schemas: JSON Schema, Table Schema, {\"fields\": [...]}")
            ->type_name("SOURCE TARGET")->expected(2)->required();
        reading(map);
        map->add_option("-o,--output", a.output, "table, tsv, csv or json")->type_name("FORMAT");
        map->add_flag("--json", a.json, "One JSON object: what it would apply, and every suggestion");

        auto* classify = command(root, "classify", "Say which concept of an ontology each document is about, without a server",
                                 "  millrace classify --ontology topics.json letters/*.html\n"
                                 "  millrace classify --ontology topics.json news.jsonl.gz --json\n"
                                 "  millrace classify --ontology topics.json --examples decided.jsonl news.jsonl");
        classify->add_option("FILE", a.files, "Documents: text, HTML, or JSON lines {\"id\", \"text\"}, also .gz; - is standard input")->required();
        classify->add_option("--ontology", a.ontology, "{\"concepts\": [{\"id\", \"label\", \"parent\", \"synonyms\", \"classifiable\"}]}")->type_name("FILE")->required();
        classify->add_option("--examples", a.examples, "JSON lines {\"id\", \"label\", \"text\"}: documents whose concept is known")->type_name("FILE");
        classify->add_flag("--alone", a.alone, "Judge each document by itself; else words are also learned from all of them together");
        with_output(classify);
    }

    void transforming() {
        auto* transform = command(root, "transform", "Make another table of a file by a spec, without a server",
                                  "  millrace transform orders.csv clean.parquet --spec orders.json --rejects rejects.csv\n"
                                  "  millrace transform orders.csv --spec orders.json --preview 20\n"
                                  "  millrace transform --operators      (all operators with examples)");
        transform->add_option("IN_OUT", a.files, "What to read and what to write; - is standard input or output")->type_name("IN OUT")->expected(0, 2);
        transform->add_option("--spec", a.spec, "The spec, as JSON")->type_name("FILE");
        transform->add_option("--rules", a.rules, "Rules over the result, in place of those of the spec")->type_name("FILE");
        refusing(transform);
        transform->add_option("--preview", a.preview, "The first rows before and after, as JSON")->type_name("ROWS")->check(CLI::Range(1, 10'000));
        transform->add_flag("--explain", a.explain, "How long each operator took");
        transform->add_option("--import", a.import_spec, "Make a spec of a Table Schema, a JSON Schema or an OpenRefine history")->type_name("FILE");
        transform->add_flag("--operators", a.operators, "The reference of all operators");
        transform->add_flag("--schema", a.schema, "The JSON Schema of a spec");
        writing(transform);
        reading(transform);
        auto* validate = command(root, "validate", "Check a file by rules, without a server",
                                 "  millrace validate orders.csv --rules orders.json --problems problems.ndjson --rejects rejects.csv");
        validate->add_option("IN", a.files, "What to read; - is standard input")->expected(0, 1);
        validate->add_option("--rules", a.rules, "The rules, as JSON")->type_name("FILE");
        validate->add_option("--accepted", a.accepted, "Gets the rows that are good, as they stood")->type_name("FILE");
        refusing(validate);
        validate->add_flag("--kinds", a.kinds, "The reference of all rules");
        validate->add_flag("--schema", a.schema, "The JSON Schema of rules");
        reading(validate);
    }

    void batch() {
        auto* batch = command(root, "batch", "Do the same to many files, without a server; one that fails stops no other",
                              "  millrace batch convert incoming/* --into clean --to parquet\n"
                              "  millrace batch transform incoming/*.csv --into clean --spec orders.json\n"
                              "  millrace batch validate incoming/*.csv --into checked --rules orders.json --json");
        batch->add_option("OPERATION", a.operation, "analyze, convert, transform or validate")->required()
            ->check(CLI::IsMember({"analyze", "convert", "transform", "validate"}));
        batch->add_option("FILE", a.files, "Files to read")->required();
        batch->add_option("--into", a.into, "Directory for the results; made when it is missing")->type_name("DIR")->required();
        batch->add_option("--spec", a.spec, "transform: the spec")->type_name("FILE");
        batch->add_option("--rules", a.rules, "validate: the rules; transform: rules over the result")->type_name("FILE");
        batch->add_option("--now", a.now, "What now() says, to run again exactly as before")->type_name("TIME");
        writing(batch);
        reading(batch);
        batch->add_flag("--json", a.json, "One JSON object per file");
    }

    void refusing(CLI::App* sub) {
        sub->add_option("--rejects", a.rejects, "Gets the rows that were refused, as they stood, with their numbers and reasons")->type_name("FILE");
        sub->add_option("--problems", a.problems, "Gets every problem as a line of JSON")->type_name("FILE");
        sub->add_option("--now", a.now, "What now() says, to run again exactly as before")->type_name("TIME");
        sub->add_option("--table", a.table, "Which table of a file with several")->type_name("N")->check(CLI::Range(1, 1'000'000));
        sub->add_flag("--json", a.json, "The report as JSON");
    }

    void writing(CLI::App* sub) {
        const char* group = "Writing";
        sub->add_option("--to", a.to, "csv, tsv, json, ndjson, xlsx, xml, parquet, sql, sqlite or markdown; else by the extension")->type_name("FORMAT")->group(group);
        sub->add_option("-O,--option", a.options, "Of the format, e.g. null_text=NULL, compression=zstd, split_rows=100000")
            ->type_name("KEY=VALUE")->allow_extra_args(false)->group(group);
    }

    void reading(CLI::App* sub) {
        const char* group = "Reading (found out when absent)";
        sub->add_option("--delimiter", a.delimiter, "What separates cells; \\t for a tab")->type_name("TEXT")->group(group);
        sub->add_option("--quote", a.quote, "What encloses cells; none for nothing")->type_name("CHAR")->group(group);
        sub->add_option("--encoding", a.encoding, "utf-8, windows-1252, ...")->type_name("NAME")->group(group);
        sub->add_flag_callback("--header", [this] { a.header = true; }, "The first row has names")->group(group);
        sub->add_flag_callback("--no-header", [this] { a.header = false; }, "No row has names")->group(group);
    }

    void with_list(CLI::App* ls, const char* terms) {
        ls->add_option("--filter", a.filter, terms)->type_name("TERMS");
        ls->add_option("--sort", a.sort, "created_at, -created_at, ...")->type_name("FIELD");
        ls->add_option("-n,--limit", a.limit, "At most this many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
        ls->add_flag("--all", a.all, "Every one, however many");
        ls->add_option("--scope", a.scope, "own, org or all, as your role allows");
    }

    void datasets() {
        auto* datasets = group("datasets", "Look at datasets, their rows and versions");
        auto* ls = with_output(with_server(command(*datasets, "ls", "List datasets, newest first")));
        with_list(ls, "Terms such as name:~orders row_count:>1000");
        auto* get = with_output(with_server(command(*datasets, "get", "Show datasets with schema and profile")));
        get->add_option("ID", a.ids, "Ids of datasets")->required();
        auto* rows = with_output(with_server(command(*datasets, "rows", "Show rows",
                                                     "  millrace datasets rows ID --filter 'town:Delft price:>=10' --sort -price --limit 20")));
        rows->add_option("ID", a.ids, "Id of a dataset")->required()->expected(1);
        with_list(rows, "Terms on columns, e.g. town:Delft price:>=10");
        for (const auto& [name, about] : {std::pair{"versions", "List all versions of a dataset, newest first"}, std::pair{"lineage", "Say what a dataset was made of, as JSON"}}) {
            auto* sub = with_output(with_server(command(*datasets, name, about)));
            sub->add_option("ID", a.ids, "Id of a dataset")->required()->expected(1);
        }
        auto* rm = with_server(command(*datasets, "rm", "Remove datasets; their files stay"));
        rm->add_option("ID", a.ids, "Ids of datasets")->required();

        auto* query = with_output(with_server(command(root, "query", "Run a SELECT over files of this machine, or over datasets of a server",
                                                      "  millrace query 'SELECT town, sum(price) FROM orders GROUP BY town' orders.csv\n"
                                                      "  millrace query 'SELECT * FROM \"orders.csv\" LIMIT 10'      (a dataset, by name or id)")));
        query->add_option("SQL", a.sql, "One SELECT in the dialect of SQLite")->required();
        query->add_option("FILE", a.files, "Files; each is a table under its name, with and without its extension");
        query->add_option("-n,--limit", a.row_limit, "At most this many rows")->check(CLI::Range(1, 1'000'000'000));
        reading(query);
    }

    void jobs() {
        auto* jobs = group("jobs", "Look at jobs and act on them");
        auto* ls = with_output(with_server(command(*jobs, "ls", "List jobs, newest first",
                                                   "  millrace jobs ls --state failed --fields id,filename,error_message\n"
                                                   "  millrace jobs ls --filter 'created_at:>2026-01-01 error_message:~delimiter' --json")));
        with_list(ls, "Terms such as kind:import progress:>=50 -state:completed");
        ls->add_option("--state", a.states, "Only these states; several with commas")->delimiter(',')->allow_extra_args(false)->type_name("STATE");
        auto* get = with_output(with_server(command(*jobs, "get", "Show jobs")));
        get->add_option("ID", a.ids, "Ids of jobs")->required();
        auto* wait = with_server(command(*jobs, "wait", "Wait for jobs to end; status 1 when one failed, 8 at the timeout"));
        wait->add_option("ID", a.ids, "Ids of jobs")->required();
        wait->add_option("--timeout", a.timeout, "Give up after, e.g. 30s or 5m")->type_name("TIME");
        wait->add_option("--progress", a.progress, "auto, live, plain, json or none")->type_name("MODE");
        wait->add_flag("--json", a.json, "The jobs as JSON lines when they have ended");
        auto* logs = with_server(command(*jobs, "logs", "Show what a job has logged", "  millrace jobs logs --follow ID"));
        logs->add_option("ID", a.ids, "Id of a job")->required()->expected(1);
        logs->add_flag("-f,--follow", a.follow, "Go on until the job has ended");
        logs->add_option("--attempt", a.attempt, "Only of this attempt")->check(CLI::Range(1, 1'000'000))->type_name("N");
        logs->add_flag("--json", a.json, "One JSON object per line");
        for (const auto& [name, about] : {std::pair{"cancel", "End jobs that have not ended"}, std::pair{"retry", "Run failed or cancelled jobs again"}}) {
            auto* sub = with_output(with_server(command(*jobs, name, about)));
            sub->add_option("ID", a.ids, "Ids of jobs")->required();
        }
    }

    void schedules() {
        auto* schedules = group("schedules", "Make jobs at set times");
        with_list(with_output(with_server(command(*schedules, "ls", "List schedules, newest first",
                                                  "  millrace schedules ls --sort next_at --filter 'name:~stock'"))),
                  "Terms such as name:~stock zone:UTC next_at:<2026-01-01");
        auto* create = with_output(with_server(command(*schedules, "create", "Make a schedule",
                                                       "  millrace schedules create --name stock --cron '30 2 * * mon-fri' --zone Europe/Amsterdam --type export\n"
                                                       "  millrace schedules create --name check --cron '@every 15m' --type validation --queue night")));
        create->add_option("--name", a.name, "What it is for")->required();
        create->add_option("--cron", a.cron, "Five fields, six with seconds, or @daily, @every 15m, ...")->required()->type_name("CRON");
        create->add_option("--zone", a.zone, "IANA time zone; UTC when absent")->type_name("ZONE");
        create->add_option("--catch-up", a.catch_up, "What becomes of times when no server ran: none, last or all")->type_name("WHICH");
        create->add_flag("--disabled", a.disabled, "Do not fire yet");
        create->add_option("--kind", a.kind, "Kind of the jobs; absent: jobs that you report on");
        create->add_option("--type", a.type, "Type of the jobs: import, export, validation or processing");
        create->add_option("--input", a.input, "Input of the jobs")->type_name("JSON");
        create->add_option("--queue", a.queue, "Queue of the jobs");
        create->add_option("--priority", a.priority, "Higher runs first");
        create->add_option("--tag", a.tags, "Tags of the jobs; several with commas")->delimiter(',')->allow_extra_args(false);
        for (const auto& [name, about] : {std::pair{"rm", "Delete schedules; their jobs stay"}, std::pair{"run", "Make a job of each now"},
                                          std::pair{"enable", "Let schedules fire"}, std::pair{"disable", "Keep schedules from firing"}}) {
            auto* sub = with_output(with_server(command(*schedules, name, about)));
            sub->add_option("ID", a.ids, "Ids of schedules")->required();
        }
        auto* next = with_output(with_server(command(*schedules, "next", "Show the next times of a schedule, or of an expression",
                                                     "  millrace schedules next --cron '0 9 * * mon#1' --zone America/New_York")));
        next->add_option("ID", a.ids, "Id of a schedule")->expected(0, 1);
        next->add_option("--cron", a.cron, "In place of a schedule")->type_name("CRON");
        next->add_option("--zone", a.zone, "Of --cron; UTC when absent")->type_name("ZONE");
        next->add_option("-n,--count", a.count, "How many")->check(CLI::Range(1, 100));
    }

    void accounts() {
        auto* user = group("user", "Local users (administrators only)");
        auto* add = with_output(with_server(command(*user, "add", "Add a user; the password is asked for, or read from a file",
                                                    "  millrace user add --email ann@example.org --name Ann --role admin")));
        add->add_option("--email", a.email, "Login name")->required();
        add->add_option("--name", a.name, "Shown name");
        add->add_option("--role", a.role, "user or admin")->check(CLI::IsMember({"user", "admin"}));
        add->add_option("--password-file", a.password_file, "First line is the password; - is standard input")->type_name("FILE");
        with_output(with_server(command(*user, "ls", "List users")));
        auto* disable = with_output(with_server(command(*user, "disable", "Lock a user out")));
        disable->add_option("ID", a.ids, "Id or email")->required()->expected(1);
        auto* password = with_output(with_server(command(*user, "password", "Set a new password")));
        password->add_option("ID", a.ids, "Id or email")->required()->expected(1);
        password->add_option("--password-file", a.password_file, "First line is the password; - is standard input")->type_name("FILE");

        auto* key = group("key", "API keys of programs");
        auto* create = with_output(with_server(command(*key, "create", "Make a key; it is shown once")));
        create->add_option("--name", a.name, "What the key is for")->required();
        create->add_option("--role", a.role, "user or admin, at most your own")->check(CLI::IsMember({"user", "admin"}));
        create->add_option("--expires", a.expires, "Lifetime, e.g. 90d; never when absent")->type_name("TIME");
        with_output(with_server(command(*key, "ls", "List keys")));
        auto* revoke = with_output(with_server(command(*key, "revoke", "End keys for good")));
        revoke->add_option("ID", a.ids, "Ids of keys")->required();

        auto* token = with_settings(command(root, "token", "Sign a token with the configured JWT_SECRET; talks to no server",
                                            "  export MILLRACE_TOKEN=$(millrace token --subject alice --role admin --ttl 8h)"));
        token->add_option("--subject", a.subject, "Whose token: any text, or the UUID of a user")->required();
        token->add_option("--role", a.role, "user or admin")->check(CLI::IsMember({"user", "admin"}));
        token->add_option("--ttl", a.ttl, "How long it is good for")->type_name("TIME")->capture_default_str();
        token->add_option("--name", a.name, "Shown name");
        token->add_option("--email", a.email, "Email address");
    }

    void upkeep() {
        auto* migrate = with_settings(command(root, "migrate", "Bring the database to the schema of this version", settings_hint));
        migrate->add_flag("--plan", a.plan, "Only say what would be done");
        migrate->add_flag("--json", a.json, "JSON lines");
        auto* doctor = with_settings(command(root, "doctor", "Check everything a server needs on this machine", settings_hint));
        doctor->add_flag("--json", a.json, "JSON lines");
        auto* config = group("config", "Settings");
        auto* show = with_settings(command(*config, "show", "Every setting and its value; secrets are masked"));
        show->add_flag("--origin", a.origin, "Where each value comes from");
        show->add_flag("--json", a.json, "JSON lines");
        with_settings(command(*config, "check", "Is every setting valid?"));
        with_server(command(root, "openapi", "The OpenAPI document of a running server"));
        auto* version = command(root, "version", "Show the version");
        version->add_flag("--json", a.json, "As JSON");
        auto* completion = command(root, "completion", "A completion script for your shell", "  source <(millrace completion bash)");
        completion->add_option("SHELL", a.shell, "bash, zsh or fish")->required();
    }

    Arguments& a;
    bool version_ = false;
    std::vector<const CLI::App*> with_settings_;
};

std::vector<CLI::App*> commands_of(CLI::App& app) {
    return app.get_subcommands([](CLI::App* sub) { return !sub->get_name().empty(); });
}

[[noreturn]] void usage(std::string why, const std::string& command) {
    why += "\n  help: " + command + " --help";
    throw Error{Code::usage, {{"why", std::move(why)}}};
}

std::string path_of(const CLI::App* app) {
    std::string path;
    for (; app; app = app->get_parent()) path = app->get_name() + (path.empty() ? "" : " ") + path;
    return path;
}

/// A first word that is no command is worth a better answer than "unexpected argument".
void check_commands(CLI::App& root, int argc, const char* const* argv) {
    auto* app = &root;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto commands = commands_of(*app);
        if (commands.empty() || word.starts_with('-')) return;
        const auto found = std::ranges::find(commands, word, [](const CLI::App* sub) { return sub->get_name(); });
        if (found == commands.end()) {
            std::vector<std::string> names;
            for (const auto* sub : commands) names.push_back(sub->get_name());
            usage("There is no command \"" + word + "\" in " + path_of(app) + did_you_mean(word, names), path_of(app));
        }
        app = *found;
    }
}

std::vector<std::string> long_options(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
}

/// The command that was meant: the innermost one.
CLI::App* chosen(CLI::App& root) {
    auto* app = &root;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return app;
}

std::string help_of(CLI::App& app, int width) {
    auto formatter = std::make_shared<CLI::Formatter>();
    formatter->column_width(static_cast<std::size_t>(std::clamp(width * 2 / 5, 24, 36)));
    app.formatter(formatter);
    for (auto* sub : commands_of(app)) sub->formatter(formatter);
    return app.help(app.get_parent() ? path_of(app.get_parent()) : "");
}

}  // namespace

Parsed parse_arguments(int argc, const char* const* argv, int width) {
    Parsed parsed;
    Tree tree{parsed.arguments};
    auto& root = tree.root;
    check_commands(root, argc, argv);
    try {
        root.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        parsed.text = help_of(*chosen(root), width);
        return parsed;
    } catch (const CLI::ParseError& error) {
        usage(error.what(), path_of(chosen(root)));
    }
    if (tree.version()) {
        parsed.arguments.command = "version";
        return parsed;
    }
    auto* command = chosen(root);
    if (command == &root) {
        const auto extras = root.remaining();
        if (!extras.empty()) usage("There is no option " + extras.front() + did_you_mean(extras.front(), long_options(root)), "millrace");
        parsed.text = help_of(root, width);
        return parsed;
    }
    parsed.arguments.command = path_of(command).substr(sizeof "millrace");
    auto extras = root.remaining(true);
    if (tree.takes_settings(command)) {
        parsed.arguments.settings = std::move(extras);
    } else if (!extras.empty()) {
        const auto& word = extras.front();
        usage((word.starts_with('-') ? "There is no option " + word + did_you_mean(word, long_options(*command))
                                     : "One argument too many: " + word),
              path_of(command));
    }
    return parsed;
}

namespace {

struct Leaf {
    std::string path;  ///< "jobs ls"
    std::string about;
    std::vector<std::string> options;
    std::vector<std::string> commands;
    bool files = false;
};

void walk(CLI::App& app, const std::string& path, std::vector<Leaf>& out) {
    Leaf leaf{.path = path, .about = app.get_description()};
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) leaf.options.push_back("--" + name);
        leaf.files = leaf.files || option->get_name() == "FILE" || option->get_name() == "IN_OUT";
    }
    for (const auto* sub : commands_of(app)) leaf.commands.push_back(sub->get_name());
    out.push_back(leaf);
    for (auto* sub : commands_of(app)) walk(*sub, path + (path.empty() ? "" : " ") + sub->get_name(), out);
}

std::string words(const std::vector<std::string>& list) {
    std::string out;
    for (const auto& word : list) out += (out.empty() ? "" : " ") + word;
    return out;
}

std::string bash_script(const std::vector<Leaf>& leaves) {
    std::string out =
        "_millrace() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} path=\"\" word words=\"\" files=\"\"\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case $word in -*) ;; *) case \"$path $word\" in\n";
    for (const auto& leaf : leaves) {
        if (!leaf.path.empty()) out += "            ' " + leaf.path + "') path=' " + leaf.path + "' ;;\n";
    }
    out += "        esac ;; esac\n    done\n    case $path in\n";
    for (const auto& leaf : leaves) {
        const auto pattern = leaf.path.empty() ? "''" : "' " + leaf.path + "'";
        out += "        " + pattern + ") words='" + words(leaf.commands) + " " + words(leaf.options) + "'";
        out += std::string{leaf.files ? " files=1" : ""} + " ;;\n";
    }
    out +=
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
        "    [[ -n $files && $cur != -* ]] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
        "}\n"
        "complete -o default -F _millrace millrace\n";
    return out;
}

std::string fish_script(const std::vector<Leaf>& leaves) {
    std::string out = "complete -c millrace -f\n";
    for (const auto& leaf : leaves) {
        if (leaf.path.empty()) continue;
        const auto space = leaf.path.rfind(' ');
        const auto name = space == leaf.path.npos ? leaf.path : leaf.path.substr(space + 1);
        const auto condition = space == leaf.path.npos ? std::string{"__fish_use_subcommand"}
                                                       : "__fish_seen_subcommand_from " + leaf.path.substr(0, space);
        std::string about = leaf.about;
        std::erase(about, '\'');
        out += "complete -c millrace -n '" + condition + "' -a " + name + " -d '" + about + "'\n";
        for (const auto& option : leaf.options) {
            out += "complete -c millrace -n '__fish_seen_subcommand_from " + name + "' -l " + option.substr(2) + "\n";
        }
        if (leaf.files) out += "complete -c millrace -n '__fish_seen_subcommand_from " + name + "' -F\n";
    }
    return out;
}

}  // namespace

std::string completion_script(const std::string& shell) {
    Arguments arguments;
    Tree tree{arguments};
    std::vector<Leaf> leaves;
    walk(tree.root, "", leaves);
    if (shell == "bash") return bash_script(leaves);
    if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(leaves);
    if (shell == "fish") return fish_script(leaves);
    throw Error{Code::usage, {{"why", "completion takes bash, zsh or fish, not \"" + shell + "\""}}};
}

}  // namespace millrace::cli
