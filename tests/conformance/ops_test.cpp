#include <atomic>
#include <mutex>
#include <set>

#include "bench.hpp"
#include "jobs/schedule_ops.hpp"
#include "llm/ops.hpp"
#include "mapping/ops.hpp"
#include "storage/detail/catalog.hpp"

/// Walks the catalog of ops: each has a case here, and applying it again changes nothing, so a caller that does not
/// know the outcome of a commit may repeat it.
namespace millrace::test {
namespace {

struct Case {
    std::type_index op;
    /// Prepares the database and returns a maker of the same commit.
    std::function<std::function<Commit()>(Bench&)> prepare;
};

template <class T>
Case op_case(std::function<T(Bench&)> make) {
    return {typeid(T), [make](Bench& bench) {
                const T op = make(bench);
                return std::function<Commit()>{[op] { return std::move(Commit{}.add(op)); }};
            }};
}

template <class T>
Case guard_case(std::function<T(Bench&)> make) {
    return {typeid(T), [make](Bench& bench) {
                const T guard = make(bench);
                return std::function<Commit()>{[guard] { return std::move(Commit{}.guard(guard)); }};
            }};
}

intake::File some_file(const Bench& bench) {
    intake::File file;
    file.id = Uuid::generate();
    file.owner = bench.scope.user;
    file.org = bench.scope.org;
    file.filename = "a.csv";
    file.server = bench.worker.id;
    file.created_at = file.updated_at = bench.now;
    return file;
}

intake::File begun(Bench& bench) {
    const auto file = some_file(bench);
    bench.commit(std::move(Commit{}.add(intake::Begin{file})));
    return file;
}

datasets::Dataset some_dataset(const Bench& bench) {
    datasets::Dataset d;
    d.id = Uuid::generate();
    d.owner = bench.scope.user;
    d.org = bench.scope.org;
    d.job_id = d.file_id = Uuid::generate();
    d.sha256 = "abc";
    d.created_at = bench.now;
    return d;
}

mapping::Template some_template(const Bench& bench) {
    mapping::Template t;
    t.id = Uuid::generate();
    t.owner = bench.scope.user;
    t.org = bench.scope.org;
    t.name = "Prices";
    t.spec = {{"spec", 1}};
    t.sha256 = "abc";
    t.fingerprint = "f";
    t.created_at = t.updated_at = bench.now;
    return t;
}

llm::Call some_call(const Bench& bench) {
    llm::Call call;
    call.id = Uuid::generate();
    call.asker = {Uuid::generate(), bench.scope.user, bench.scope.org};
    call.at = bench.now;
    call.purpose = "mapping";
    call.outcome = "answered";
    call.usage = {.input = 100, .output = 20, .cached = 5};
    call.cost_micros = 7;
    call.sent = json::object{{"model", "m"}};
    return call;
}

llm::KeepAnswer some_answer(const Bench& bench) {
    llm::KeepAnswer op;
    op.key = "abc";
    op.answer = {{"s1", "t1"}};
    op.at = bench.now;
    return op;
}

mapping::Learn some_choices(const Bench& bench) {
    mapping::Learn learn;
    learn.owner = bench.scope.user;
    learn.org = bench.scope.org;
    learn.choices = {{"artnr", "sku"}, {"opmerking", ""}};
    learn.at = bench.now;
    return learn;
}

intake::DataSource some_source(const Bench& bench) {
    intake::DataSource source;
    source.id = Uuid::generate();
    source.owner = bench.scope.user;
    source.org = bench.scope.org;
    source.name = "News";
    source.type = intake::SourceType::website;
    source.config = {{"urls", json::array{"https://example.com/"}}};
    source.created_at = source.updated_at = bench.now;
    return source;
}

intake::Submission some_submission(const Bench& bench, const Uuid& source) {
    intake::Submission given;
    given.job = Uuid::generate();
    given.source = source;
    given.owner = bench.scope.user;
    given.org = bench.scope.org;
    given.created_at = bench.now;
    return given;
}

accounts::User some_user(const Bench& bench) {
    return {.id = Uuid::generate(), .org = bench.scope.org, .subject = "somebody", .email = "a@b.example",
            .password_hash = "hash", .created_at = bench.now, .updated_at = bench.now};
}

accounts::ApiKey some_key(const Bench& bench) {
    return {.id = Uuid::generate(), .user = bench.scope.user, .org = bench.scope.org, .name = "ci", .hash = "h",
            .created_at = bench.now};
}

jobs::Settle some_settle(const Uuid& job, Instant at) {
    jobs::Settle settle;
    settle.job = job;
    settle.outcome = "completed";
    settle.at = at;
    return settle;
}

Uuid ended(Bench& bench, State state) {
    const auto id = bench.create("other", State::blocked).id;
    auto settle = some_settle(id, bench.now);
    settle.state = state;
    bench.commit(std::move(Commit{}.add(settle)));
    return id;
}

jobs::Schedule some_schedule(const Bench& bench) {
    jobs::Schedule s;
    s.id = Uuid::generate();
    s.owner = bench.scope.user;
    s.org = bench.scope.org;
    s.name = "nightly";
    s.cron = "0 2 * * *";
    s.zone = "Europe/Amsterdam";
    s.job.kind = "other";
    s.job.tags = {"a"};
    s.next_at = bench.now + 1h;
    s.created_at = s.updated_at = bench.now;
    return s;
}

jobs::Schedule put_schedule(Bench& bench) {
    const auto schedule = some_schedule(bench);
    bench.commit(std::move(Commit{}.add(jobs::PutSchedule{schedule, true})));
    return schedule;
}

webhooks::Webhook some_webhook(Bench& bench) {
    webhooks::Webhook webhook;
    webhook.id = Uuid::generate();
    webhook.owner = bench.scope.user;
    webhook.org = bench.scope.org;
    webhook.url = "https://hooks.example/";
    webhook.types = {"job.*"};
    webhook.secret = Secret{"whsec_x"};
    webhook.created_at = webhook.updated_at = bench.now;
    return webhook;
}

webhooks::Webhook subscribed(Bench& bench) {
    const auto webhook = some_webhook(bench);
    bench.commit(std::move(Commit{}.add(webhooks::Put{webhook})));
    return webhook;
}

webhooks::Delivery enqueued(Bench& bench) {
    const auto delivery = webhooks::test_delivery(subscribed(bench), bench.now);
    bench.commit(std::move(Commit{}.add(webhooks::Enqueue{delivery})));
    return delivery;
}

webhooks::Claimed claimed_delivery(Bench& bench) {
    const auto delivery = enqueued(bench);
    return bench.storage().webhooks().claim({{.host = delivery.host, .now = bench.now, .until = bench.now + 30s}}).at(0);
}

webhooks::Record some_record(Bench& bench, const Uuid& delivery) {
    webhooks::Record record;
    record.attempt.delivery = delivery;
    record.attempt.at = bench.now;
    record.attempt.status = 200;
    record.state = webhooks::DeliveryState::delivered;
    return record;
}

intake::Upload some_upload(Bench& bench) {
    intake::Upload upload;
    upload.id = Uuid::generate();
    upload.owner = bench.scope.user;
    upload.org = bench.scope.org;
    upload.expires_at = bench.now + 24h;
    upload.created_at = bench.now;
    return upload;
}

intake::Upload begun_upload(Bench& bench) {
    const auto upload = some_upload(bench);
    bench.commit(std::move(Commit{}.add(intake::BeginUpload{upload})));
    return upload;
}

intake::AdvanceUpload advance(const Uuid& upload, std::uint64_t from, std::uint64_t to) {
    intake::AdvanceUpload op;
    op.upload = upload;
    op.from = from;
    op.to = to;
    return op;
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all{
        guard_case<jobs::Fence>([](Bench& b) {
            b.create();
            return jobs::Fence{b.claim_one()->lease};
        }),
        guard_case<jobs::InState>([](Bench& b) { return jobs::InState{b.create().id, {State::queued}}; }),
        guard_case<jobs::QueueVersion>([](Bench&) { return jobs::QueueVersion{"default", 1}; }),
        guard_case<jobs::ScheduleVersion>([](Bench& b) { return jobs::ScheduleVersion{put_schedule(b).id, 1}; }),
        guard_case<jobs::FireSlot>([](Bench& b) { return jobs::FireSlot{put_schedule(b).id, b.now, Uuid::generate()}; }),
        guard_case<intake::StillReceiving>([](Bench& b) { return intake::StillReceiving{begun(b).id}; }),
        guard_case<intake::AdvanceUpload>([](Bench& b) { return advance(begun_upload(b).id, 0, 5); }),
        guard_case<datasets::Unique>([](Bench& b) {
            datasets::Unique unique;
            unique.owner = b.scope.user;
            unique.sha256 = "new";
            return unique;
        }),
        guard_case<accounts::RememberRequest>([](Bench& b) {
            accounts::RememberRequest remember;
            remember.user = b.scope.user;
            remember.key = "k";
            remember.job = Uuid::generate();
            remember.at = b.now;
            return remember;
        }),
        guard_case<accounts::EmailFree>([](Bench&) { return accounts::EmailFree{"free@b.example"}; }),
        guard_case<mapping::TemplateIs>([](Bench&) { return mapping::TemplateIs{Uuid::generate(), 0}; }),
        guard_case<webhooks::Unchanged>([](Bench& b) { return webhooks::Unchanged{subscribed(b).id, 1}; }),
        guard_case<webhooks::CursorAt>([](Bench& b) { return webhooks::CursorAt{b.storage().webhooks().cursor()}; }),
        guard_case<webhooks::Held>([](Bench& b) {
            const auto claimed = claimed_delivery(b);
            return webhooks::Held{claimed.delivery.id, claimed.token};
        }),

        op_case<jobs::Create>([](Bench& b) { return jobs::Create{b.new_job()}; }),
        op_case<jobs::Unblock>([](Bench& b) { return jobs::Unblock{b.create("import", State::blocked).id, {{"a", 1}}, "s", b.now}; }),
        op_case<jobs::Reopen>([](Bench& b) { return jobs::Reopen{ended(b, State::failed), b.now}; }),
        op_case<jobs::Tick>([](Bench& b) {
            b.create();
            return jobs::Tick{b.claim_one()->lease, 12, "m", b.now};
        }),
        op_case<jobs::SaveCheckpoint>([](Bench& b) { return jobs::SaveCheckpoint{b.create().id, json::object{{"at", 7}}}; }),
        op_case<jobs::AppendLog>([](Bench& b) {
            b.create();
            jobs::LogLine line{.at = b.now, .level = "info", .message = "hello"};
            return jobs::AppendLog{b.claim_one()->lease, {line}};
        }),
        op_case<jobs::Settle>([](Bench& b) {
            b.create();
            return some_settle(b.claim_one()->job.id, b.now);
        }),
        op_case<jobs::Cancel>([](Bench& b) { return jobs::Cancel{b.create().id, b.now}; }),
        op_case<jobs::Retry>([](Bench& b) { return jobs::Retry{ended(b, State::failed), b.now}; }),
        op_case<jobs::StartExternal>([](Bench& b) { return jobs::StartExternal{b.create("external").id, b.now}; }),
        guard_case<jobs::Unique>([](Bench& b) {
            jobs::Unique unique;
            unique.owner = b.scope.user;
            unique.key = "k";
            unique.states = {State::queued};
            return unique;
        }),
        op_case<jobs::Change>([](Bench& b) {
            jobs::Change change;
            change.job = b.create().id;
            change.tags = std::vector<std::string>{"a"};
            change.at = b.now;
            return change;
        }),
        op_case<jobs::Acknowledge>([](Bench& b) { return jobs::Acknowledge{ended(b, State::failed), b.now}; }),
        op_case<jobs::Remove>([](Bench& b) { return jobs::Remove{ended(b, State::failed), b.now}; }),
        op_case<jobs::ForgetEvents>([](Bench& b) {
            b.create();
            return jobs::ForgetEvents{b.now + 1h};
        }),
        op_case<jobs::DeclareKind>([](Bench& b) { return jobs::DeclareKind{{.name = "ocr", .label = "OCR", .updated_at = b.now}}; }),
        op_case<jobs::PutQueue>([](Bench& b) {
            return jobs::PutQueue{jobs::Queue{.name = "slow", .running_max = 2, .rate_count = 5, .rate_period_ms = 1000, .updated_at = b.now}};
        }),
        op_case<jobs::PutSchedule>([](Bench& b) { return jobs::PutSchedule{some_schedule(b), true}; }),
        op_case<jobs::RemoveSchedule>([](Bench& b) { return jobs::RemoveSchedule{put_schedule(b).id, b.now}; }),
        op_case<jobs::AdvanceSchedule>([](Bench& b) {
            jobs::AdvanceSchedule advance;
            advance.schedule = put_schedule(b).id;
            advance.version = 1;
            advance.next_at = b.now + 24h;
            advance.last_at = advance.at = b.now;
            return advance;
        }),
        // A mark is told each time, but the job stays the same; see below.
        op_case<jobs::Stage>([](Bench& b) { return jobs::Stage{b.create().id, 10, "s", "m", b.now}; }),

        op_case<intake::Begin>([](Bench& b) { return intake::Begin{some_file(b)}; }),
        op_case<intake::Accept>([](Bench& b) {
            intake::Accept accept;
            accept.file = begun(b).id;
            accept.size = 3;
            accept.sha256 = "abc";
            accept.at = b.now;
            return accept;
        }),
        op_case<intake::Keep>([](Bench& b) {
            auto file = some_file(b);
            file.state = intake::FileState::stored;
            return intake::Keep{file};
        }),
        op_case<intake::Abort>([](Bench& b) {
            intake::Abort abort;
            abort.file = begun(b).id;
            abort.at = b.now;
            return abort;
        }),
        op_case<intake::BeginUpload>([](Bench& b) { return intake::BeginUpload{some_upload(b)}; }),
        op_case<intake::RemoveUpload>([](Bench& b) { return intake::RemoveUpload{begun_upload(b).id}; }),
        op_case<intake::PutSource>([](Bench& b) { return intake::PutSource{some_source(b)}; }),
        op_case<intake::RemoveSource>([](Bench& b) {
            const auto source = some_source(b);
            b.commit(std::move(Commit{}.add(intake::PutSource{source})));
            return intake::RemoveSource{source.id};
        }),
        op_case<intake::Submit>([](Bench& b) { return intake::Submit{some_submission(b, some_source(b).id)}; }),
        op_case<datasets::Put>([](Bench& b) { return datasets::Put{some_dataset(b)}; }),
        op_case<datasets::Remove>([](Bench& b) {
            const auto d = some_dataset(b);
            b.commit(std::move(Commit{}.add(datasets::Put{d})));
            datasets::Remove remove;
            remove.id = d.id;
            remove.at = b.now;
            return remove;
        }),

        op_case<mapping::PutTemplate>([](Bench& b) { return mapping::PutTemplate{some_template(b)}; }),
        op_case<mapping::RemoveTemplate>([](Bench& b) {
            const auto t = some_template(b);
            b.commit(std::move(Commit{}.add(mapping::PutTemplate{t})));
            return mapping::RemoveTemplate{t.id};
        }),
        op_case<mapping::Learn>([](Bench& b) { return some_choices(b); }),
        op_case<llm::RecordCall>([](Bench& b) { return llm::RecordCall{some_call(b)}; }),
        op_case<llm::KeepAnswer>([](Bench& b) { return some_answer(b); }),
        op_case<llm::Forget>([](Bench& b) {
            b.commit(std::move(Commit{}.add(llm::RecordCall{some_call(b)}).add(some_answer(b))));
            return llm::Forget{b.later(1h)};
        }),

        op_case<webhooks::Put>([](Bench& b) { return webhooks::Put{some_webhook(b)}; }),
        op_case<webhooks::Remove>([](Bench& b) { return webhooks::Remove{subscribed(b).id, b.now}; }),
        op_case<webhooks::Disable>([](Bench& b) {
            webhooks::Disable disable;
            disable.webhook = subscribed(b).id;
            disable.reason = webhooks::reason_gone;
            disable.at = b.now;
            return disable;
        }),
        op_case<webhooks::Hold>([](Bench& b) { return webhooks::Hold{subscribed(b).id, b.now + 1h}; }),
        op_case<webhooks::MoveCursor>([](Bench&) { return webhooks::MoveCursor{17}; }),
        op_case<webhooks::Enqueue>([](Bench& b) { return webhooks::Enqueue{webhooks::test_delivery(subscribed(b), b.now)}; }),
        op_case<webhooks::Record>([](Bench& b) { return some_record(b, claimed_delivery(b).delivery.id); }),
        op_case<webhooks::Release>([](Bench& b) { return webhooks::Release{claimed_delivery(b).delivery.id, b.now}; }),
        op_case<webhooks::ReleaseAll>([](Bench& b) {
            claimed_delivery(b);
            return webhooks::ReleaseAll{b.now};
        }),
        op_case<webhooks::Redeliver>([](Bench& b) {
            const auto id = claimed_delivery(b).delivery.id;
            b.commit(std::move(Commit{}.add(some_record(b, id))));
            return webhooks::Redeliver{id, b.later(1s)};
        }),
        op_case<webhooks::Forget>([](Bench& b) {
            b.commit(std::move(Commit{}.add(some_record(b, claimed_delivery(b).delivery.id))));
            return webhooks::Forget{b.now + 1s};
        }),

        op_case<accounts::PutOrganisation>([](Bench& b) { return accounts::PutOrganisation{{b.scope.org, "org", b.now}}; }),
        op_case<accounts::CreateUser>([](Bench& b) { return accounts::CreateUser{some_user(b), "org"}; }),
        op_case<accounts::PutUser>([](Bench& b) { return accounts::PutUser{some_user(b)}; }),
        op_case<accounts::PutApiKey>([](Bench& b) { return accounts::PutApiKey{some_key(b)}; }),
        op_case<accounts::RevokeApiKey>([](Bench& b) {
            const auto key = some_key(b);
            b.commit(std::move(Commit{}.add(accounts::PutApiKey{key})));
            return accounts::RevokeApiKey{key.id, b.now};
        }),
        op_case<accounts::TouchApiKey>([](Bench& b) {
            const auto key = some_key(b);
            b.commit(std::move(Commit{}.add(accounts::PutApiKey{key})));
            return accounts::TouchApiKey{key.id, b.now};
        }),
        op_case<accounts::PutSession>([](Bench& b) {
            return accounts::PutSession{{"hash", b.scope.user, b.scope.org, Role::user, b.now, b.now + 1h}};
        }),
        op_case<accounts::EndSession>([](Bench& b) {
            b.commit(std::move(Commit{}.add(accounts::PutSession{{"hash", b.scope.user, b.scope.org, Role::user, b.now, b.now + 1h}})));
            return accounts::EndSession{"hash"};
        }),
        op_case<accounts::EndSessions>([](Bench& b) {
            b.commit(std::move(Commit{}.add(accounts::PutSession{{"hash", b.scope.user, b.scope.org, Role::user, b.now, b.now + 1h}})));
            return accounts::EndSessions{b.scope.user};
        }),
        op_case<accounts::PutTicket>([](Bench& b) {
            return accounts::PutTicket{{"hash", b.scope.user, b.scope.org, Role::user, b.now + 1min}};
        }),
        op_case<accounts::ForgetExpired>([](Bench& b) {
            b.commit(std::move(Commit{}.add(accounts::PutTicket{{"hash", b.scope.user, b.scope.org, Role::user, b.now - 1min}})));
            return accounts::ForgetExpired{b.now};
        }),
    };
    return all;
}

}  // namespace

TEST_CASE("every op of the catalog has a case in the conformance suite") {
    std::set<std::type_index> listed, tested;
    for (const auto& [type, handler] : storage::detail::catalog()) listed.insert(type);
    for (const auto& one : cases()) tested.insert(one.op);

    CHECK(listed == tested);
}

ON_BOTH("every op applied again changes nothing") {
    for (const auto& one : cases()) {
        CAPTURE(one.op.name());
        // Each on its own, so that none stands in the way of the next.
        Bench fresh{bench.backend};
        const auto make = one.prepare(fresh);
        const auto before = fresh.dump();
        CHECK(fresh.commit(make()) == Outcome::applied);
        const auto after = fresh.dump();
        if (!storage::detail::catalog().at(one.op).guard) CHECK(before != after);

        const auto again = fresh.ledger().commit(make());

        if (one.op == typeid(accounts::RememberRequest) || one.op == typeid(jobs::FireSlot)) {
            CHECK(again.outcome == Outcome::refused);
        } else if (one.op == typeid(intake::AdvanceUpload)) {
            CHECK(again.outcome == Outcome::lost);
        } else {
            CHECK(again.outcome == Outcome::applied);
        }
        if (one.op == typeid(jobs::Stage) || one.op == typeid(jobs::Change)) continue;
        CHECK(fresh.dump() == after);
    }
}

ON_BOTH("a file is received, stored and found by what names it") {
    auto file = some_file(bench);
    file.job_id = Uuid::generate();
    file.media_type = "text/csv";
    bench.commit(std::move(Commit{}.add(intake::Begin{file})));
    auto& store = bench.storage().intake();
    CHECK(store.get(file.id, bench.scope)->state == intake::FileState::receiving);
    intake::Accept accept;
    accept.file = file.id;
    accept.size = 5'000'000'000;
    accept.sha256 = "aa11";
    accept.media_type = "text/plain";
    accept.at = bench.later(1s);

    Commit commit;
    commit.guard(intake::StillReceiving{file.id}).add(accept);
    CHECK(bench.commit(std::move(commit)) == Outcome::applied);

    const auto stored = store.get(file.id, bench.scope).value();
    CHECK(stored.state == intake::FileState::stored);
    CHECK(stored.size == 5'000'000'000);
    CHECK(stored.sha256 == "aa11");
    CHECK(stored.media_type == "text/plain");
    CHECK(stored.job_id == file.job_id);
    CHECK(stored.server == bench.worker.id);
    CHECK(stored.updated_at == bench.now);
    CHECK(stored.filename == "a.csv");
    CHECK_FALSE(store.get(file.id, Scope{Uuid::generate(), Uuid::generate()}).has_value());
    CHECK(bench.commit(std::move(Commit{}.guard(intake::StillReceiving{file.id}))) == Outcome::lost);
    CHECK(store.referenced({"aa11", "bb22", ""}) == std::unordered_set<std::string>{"aa11"});
    const auto events = bench.all_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].type == "file.stored");
    CHECK(json::parse(events[0].json()).at("sha256").as_string() == "aa11");
}

ON_BOTH("files of servers that are gone are abandoned") {
    bench.jobs().hello(bench.worker);
    const auto mine = begun(bench);
    auto orphan = some_file(bench);
    orphan.server = Uuid::generate();
    auto aborted = some_file(bench);
    aborted.server = orphan.server;
    intake::Abort abort;
    abort.file = aborted.id;
    abort.at = bench.now;
    bench.commit(std::move(Commit{}.add(intake::Begin{orphan}).add(intake::Begin{aborted}).add(abort)));

    const auto abandoned = bench.storage().intake().abandoned();

    REQUIRE(abandoned.size() == 1);
    CHECK(abandoned[0].id == orphan.id);
    bench.jobs().goodbye(bench.worker.id);
    CHECK(bench.storage().intake().abandoned().size() == 2);
}

ON_BOTH("an upload advances from where it is only, and is found until it is removed") {
    auto& store = bench.storage().intake();
    auto upload = some_upload(bench);
    upload.part = intake::UploadPart::final;
    upload.metadata = "filename YQ==";
    upload.concat = "final;/api/v2/uploads/x";
    upload.job_id = Uuid::generate();
    bench.commit(std::move(Commit{}.add(intake::BeginUpload{upload})));
    auto first = advance(upload.id, 0, 5'000'000'000);
    first.length = 6'000'000'000;
    first.expires_at = bench.now + 1h;
    auto last = advance(upload.id, 5'000'000'000, 6'000'000'000);
    last.length = 7;
    last.sha256 = "aa11";
    last.expires_at = bench.now + 2h;

    CHECK(bench.commit(std::move(Commit{}.guard(first))) == Outcome::applied);
    CHECK(bench.commit(std::move(Commit{}.guard(first))) == Outcome::lost);
    CHECK(bench.commit(std::move(Commit{}.guard(last))) == Outcome::applied);

    const auto found = store.upload(upload.id, bench.scope).value();
    CHECK(found.part == upload.part);
    CHECK(found.length == 6'000'000'000);
    CHECK(found.received == 6'000'000'000);
    CHECK(found.metadata == upload.metadata);
    CHECK(found.concat == upload.concat);
    CHECK(found.sha256 == "aa11");
    CHECK(found.job_id == upload.job_id);
    CHECK(found.expires_at == bench.now + 2h);
    CHECK(found.created_at == bench.now);
    CHECK_FALSE(store.upload(upload.id, Scope{Uuid::generate(), Uuid::generate()}).has_value());
    CHECK(store.referenced({"aa11"}).contains("aa11"));
    CHECK(store.expired_uploads(bench.now + 1h, 10).empty());
    CHECK(store.expired_uploads(bench.now + 2h, 10).size() == 1);
    bench.commit(std::move(Commit{}.add(intake::RemoveUpload{upload.id})));
    CHECK_FALSE(store.upload(upload.id, bench.scope).has_value());
    CHECK(bench.commit(std::move(Commit{}.guard(advance(upload.id, 6'000'000'000, 7)))) == Outcome::lost);
}

ON_BOTH("a file that an upload goes on with is not abandoned, and is to be accepted when all bytes are there") {
    auto& store = bench.storage().intake();
    const auto begin = [&](intake::UploadPart part) {
        auto file = some_file(bench);
        file.server = Uuid::generate();
        auto upload = some_upload(bench);
        upload.id = file.id;
        upload.part = part;
        bench.commit(std::move(Commit{}.add(intake::Begin{file}).add(intake::BeginUpload{upload})));
        return file.id;
    };
    const auto whole = begin(intake::UploadPart::whole);
    const auto final = begin(intake::UploadPart::final);
    auto abandoned = store.abandoned();
    REQUIRE(abandoned.size() == 1);
    CHECK(abandoned[0].id == final);
    CHECK(store.uploads_to_accept().empty());

    for (const auto& id : {whole, final}) {
        auto last = advance(id, 0, 3);
        last.sha256 = "aa11";
        bench.commit(std::move(Commit{}.guard(last)));
    }

    CHECK(store.abandoned().empty());
    CHECK(store.uploads_to_accept().size() == 2);
    intake::Accept accept;
    accept.file = whole;
    accept.sha256 = "aa11";
    accept.at = bench.now;
    bench.commit(std::move(Commit{}.add(accept)));
    CHECK(store.uploads_to_accept().size() == 1);
}

ON_BOTH("a dataset reads back, is unique by content, and its blobs are referenced until it is removed") {
    auto d = some_dataset(bench);
    d.name = "prices";
    d.filename = "prices.csv";
    d.supplier_id = "s";
    d.format = "csv";
    d.size_bytes = 1ull << 40;
    d.row_count = 9'999'999'999;
    d.rows_in = 10;
    d.rows_rejected = 1;
    d.rows_reported = 2;
    d.column_count = 2;
    d.columns = {json::object{{"name", "a"}}, json::object{{"name", "b"}}};
    d.report = {{"delimiter", ";"}};
    d.table_blob = "t1";
    d.text_blob = "x1";
    d.rejects_blob = "";
    datasets::Unique unique;
    unique.id = d.id;
    unique.owner = d.owner;
    unique.sha256 = d.sha256;
    REQUIRE(bench.commit(std::move(Commit{}.guard(unique).add(datasets::Put{d}))) == Outcome::applied);
    auto& store = bench.storage().datasets();

    const auto read = store.get(d.id, bench.scope).value();

    CHECK(read.name == d.name);
    CHECK(read.filename == d.filename);
    CHECK(read.supplier_id == d.supplier_id);
    CHECK(read.job_id == d.job_id);
    CHECK(read.file_id == d.file_id);
    CHECK(read.size_bytes == d.size_bytes);
    CHECK(read.row_count == d.row_count);
    CHECK(read.rows_in == 10);
    CHECK(read.rows_rejected == 1);
    CHECK(read.rows_reported == 2);
    CHECK(read.column_count == 2);
    CHECK(json::serialize(read.columns) == json::serialize(d.columns));
    CHECK(json::serialize(read.report) == json::serialize(d.report));
    CHECK(read.table_blob == "t1");
    CHECK(read.text_blob == "x1");
    CHECK(read.created_at == d.created_at);
    CHECK(store.by_content(d.owner, d.sha256)->id == d.id);
    CHECK_FALSE(store.by_content(Uuid::generate(), d.sha256).has_value());
    CHECK(bench.storage().intake().referenced({"t1", "x1", "y"}) == std::unordered_set<std::string>{"t1", "x1"});

    // A rerun of the same job passes its own guard; another dataset of the same bytes is refused and told which there is.
    CHECK(bench.commit(std::move(Commit{}.guard(unique).add(datasets::Put{d}))) == Outcome::applied);
    unique.id = Uuid::generate();
    const auto refused = bench.ledger().commit(std::move(Commit{}.guard(unique).add(datasets::Put{some_dataset(bench)})));
    CHECK(refused.outcome == Outcome::refused);
    CHECK(refused.existing == d.id);
    unique.version = 2;
    CHECK(bench.commit(std::move(Commit{}.guard(unique))) == Outcome::applied);

    // Another table of the same bytes is another dataset.
    datasets::Dataset other = some_dataset(bench);
    other.sha256 = d.sha256;
    other.job_id = d.job_id;
    other.table = 2;
    unique = {};
    unique.id = other.id;
    unique.owner = other.owner;
    unique.sha256 = other.sha256;
    unique.table = 2;
    CHECK(bench.commit(std::move(Commit{}.guard(unique).add(datasets::Put{other}))) == Outcome::applied);
    CHECK(store.get(other.id, bench.scope)->table == 2);
    CHECK(store.by_content(d.owner, d.sha256)->id == d.id);
    CHECK(store.by_content(d.owner, d.sha256, 2)->id == other.id);
    CHECK(store.tables(d.owner, d.sha256, d.job_id) == std::vector<Uuid>{d.id, other.id});
    CHECK(store.tables(d.owner, d.sha256, Uuid::generate()).empty());
    CHECK(store.newest_version(d.owner, d.sha256) == 1);
    CHECK(store.newest_version(d.owner, "unknown") == 0);

    datasets::Remove remove;
    remove.id = d.id;
    remove.at = bench.now;
    bench.commit(std::move(Commit{}.add(remove)));
    CHECK_FALSE(store.get(d.id, bench.scope).has_value());
    CHECK(bench.storage().intake().referenced({"t1"}).empty());
    CHECK(bench.event_types() == std::vector<std::string>{"dataset.created", "dataset.created", "dataset.deleted"});
}

ON_BOTH("versions of a dataset read back, are found by their series, and none is there twice") {
    const auto first = some_dataset(bench);
    auto second = some_dataset(bench);
    second.sha256 = "def";
    second.series_id = first.id;
    second.version = 2;
    second.parent_id = first.id;
    second.mode = datasets::Mode::upsert;
    second.key = {"sku"};
    second.contract = datasets::Contract::discard_row;
    second.changes = {{"rows_new", 5}};
    datasets::Unique unique;
    unique.id = second.id;
    unique.owner = second.owner;
    unique.sha256 = second.sha256;
    unique.version = 2;
    unique.mode = second.mode;
    unique.series_id = first.id;
    bench.commit(std::move(Commit{}.add(datasets::Put{first})));

    CHECK(bench.commit(std::move(Commit{}.guard(unique).add(datasets::Put{second}))) == Outcome::applied);

    auto& store = bench.storage().datasets();
    CHECK(store.get(first.id, bench.scope)->series_id == first.id);
    const auto read = store.newest_of_series(first.id).value();
    CHECK(read.id == second.id);
    CHECK(read.parent_id == first.id);
    CHECK(read.mode == datasets::Mode::upsert);
    CHECK(read.key == json::array{"sku"});
    CHECK(read.contract == datasets::Contract::discard_row);
    CHECK(read.changes == second.changes);
    CHECK(store.list(bench.scope, {.filter = query::parse_filter("series_id:" + first.id.str(), datasets::list_fields()), .sort = {}, .cursor = {}}).items.size() == 2);
    // What is made of a file and of rows before is no import of that file.
    CHECK_FALSE(store.by_content(second.owner, "def").has_value());
    // Another one at the same place learns who was first; a rerun passes.
    CHECK(bench.commit(std::move(Commit{}.guard(unique).add(datasets::Put{second}))) == Outcome::applied);
    unique.id = Uuid::generate();
    unique.sha256 = "ghi";
    const auto refused = bench.ledger().commit(std::move(Commit{}.guard(unique)));
    CHECK(refused.outcome == Outcome::refused);
    CHECK(refused.existing == second.id);
}

ON_BOTH("of two datasets of the same bytes at the same time one is kept and the other learns of it") {
    auto& second = bench.second();
    for (int round = 0; round < 10; ++round) {
        std::atomic<int> applied = 0, refused = 0;
        std::mutex mutex;
        std::set<Uuid> kept, existing;
        const auto put = [&](storage::Storage& storage) {
            auto d = some_dataset(bench);
            d.sha256 = "same" + std::to_string(round);
            datasets::Unique unique;
            unique.id = d.id;
            unique.owner = d.owner;
            unique.sha256 = d.sha256;
            const auto done = storage.ledger().commit(std::move(Commit{}.guard(unique).add(datasets::Put{d})));
            const std::lock_guard lock{mutex};
            if (done) kept.insert(d.id);
            else if (done.outcome == Outcome::refused) existing.insert(done.existing);
            (done ? applied : refused)++;
        };

        together({[&] { put(bench.storage()); }, [&] { put(second); }, [&] { put(bench.storage()); }, [&] { put(second); }});

        CHECK(applied == 1);
        CHECK(refused == 3);
        CHECK(kept == existing);
    }
}

}  // namespace millrace::test
