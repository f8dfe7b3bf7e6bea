// bench_ingest_data shop|sensors|drift MEGABYTES OUT [SEED]: test files for compare.py, the same for the same seed.
//   shop      14 columns: ids, quoted texts with commas, doubled quotes and line breaks, UTF-8, decimals, floats with
//             exponents, booleans, dates, timestamps, codes with leading zeros, about 6 % empty cells
//   sensors   400 columns of short numbers and codes, 4 % empty
//   drift     shop, but a column of whole numbers turns into text near the end (the case that needs a second pass)
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

struct Chance {
    std::uint64_t state;
    // SplitMix64 (Steele, Lea, Flood 2014).
    std::uint64_t next() {
        auto z = (state += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    unsigned below(unsigned limit) { return static_cast<unsigned>((next() >> 32) * limit >> 32); }
    bool one_in(unsigned n) { return below(n) == 0; }
};

constexpr std::array<std::string_view, 24> nouns{
    "river", "brücke", "tower", "jardín", "engine", "façade", "copper", "lantern", "été", "harbour", "東京", "sluice",
    "timber", "granite", "wheel", "måne", "ladder", "basket", "kettle", "marble", "needle", "orchard", "pebble", "quarry"};
constexpr std::array<std::string_view, 7> states{"new", "paid", "packed", "sent", "returned", "lost", "closed"};

class Row {
public:
    explicit Row(std::string& out) : out_{out} {}
    std::string& cell() {
        if (cells_++ > 0) out_ += ',';
        return out_;
    }
    template <class... Args>
    void print(const char* format, Args... args) {
        std::array<char, 64> buffer;
        const int size = std::snprintf(buffer.data(), buffer.size(), format, args...);
        cell().append(buffer.data(), static_cast<std::size_t>(size));
    }

private:
    std::string& out_;
    int cells_ = 0;
};

void phrase(std::string& out, Chance& chance, unsigned words) {
    for (unsigned i = 0; i < words; ++i) {
        if (i > 0) out += ' ';
        out += nouns[chance.below(nouns.size())];
    }
}

void shop_row(std::string& out, Chance& chance, std::uint64_t id, bool late) {
    Row row{out};
    row.print("%llu", static_cast<unsigned long long>(id));
    row.print("%04x-%08x", chance.below(65536), static_cast<unsigned>(chance.next()));
    auto& customer = row.cell();
    customer += '"';
    phrase(customer, chance, 1);
    customer += chance.one_in(25) ? ", \"\"the\"\" " : ", ";
    phrase(customer, chance, 1);
    customer += '"';
    auto& text = row.cell();
    const bool quoted = chance.below(10) < 4;
    if (quoted) text += '"';
    phrase(text, chance, 3 + chance.below(7));
    if (quoted && chance.one_in(16)) text += '\n';
    if (quoted) text += ", ok\"";
    row.cell() += states[chance.below(states.size())];
    if (late && chance.one_in(1000)) row.cell() += "n/a";
    else row.print("%u", chance.below(500));
    if (chance.one_in(16)) row.cell();
    else row.print("%u.%02u", chance.below(5000), chance.below(100));
    row.print("%.6e", (chance.one_in(2) ? -1.0 : 1.0) * chance.below(1'000'000'000) / 7.0);
    row.cell() += chance.one_in(2) ? "true" : "false";
    row.print("20%02u-%02u-%02u", 10 + chance.below(16), 1 + chance.below(12), 1 + chance.below(28));
    if (chance.one_in(16)) row.cell();
    else row.print("2025-%02u-%02uT%02u:%02u:%02uZ", 1 + chance.below(12), 1 + chance.below(28), chance.below(24),
                   chance.below(60), chance.below(60));
    row.print("%05u", chance.below(100'000));
    row.cell() += chance.one_in(3) ? "NL" : "DE";
    auto& note = row.cell();
    if (chance.one_in(4)) phrase(note, chance, 2 + chance.below(6));
}

void sensor_row(std::string& out, Chance& chance) {
    Row row{out};
    for (int i = 0; i < 400; ++i) {
        if (chance.one_in(25)) row.cell();
        else if (i % 4 == 0) row.print("%u", chance.below(100'000));
        else if (i % 4 == 1) row.print("%u.%02u", chance.below(10'000), chance.below(100));
        else if (i % 4 == 2) row.print("%c%c%u", 'A' + static_cast<int>(chance.below(26)), 'A' + static_cast<int>(chance.below(26)), chance.below(1000));
        else row.print("%d", static_cast<int>(chance.below(2000)) - 1000);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view kind = argc < 4 ? "" : argv[1];
    if (kind != "shop" && kind != "sensors" && kind != "drift") {
        std::fprintf(stderr, "usage: bench_ingest_data shop|sensors|drift MEGABYTES OUT [SEED]\n");
        return 2;
    }
    const auto bytes = std::strtoull(argv[2], nullptr, 10) * 1'000'000;
    std::FILE* file = std::fopen(argv[3], "wb");
    if (!file) return 1;
    Chance chance{argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1};
    std::string out;
    if (kind == "sensors") {
        for (int i = 0; i < 400; ++i) out += (i > 0 ? ",s" : "s") + std::to_string(i);
    } else {
        out = "id,key,customer,description,state,quantity,price,reading,active,ordered,changed,postcode,country,note";
    }
    out += '\n';
    std::uint64_t written = 0, id = 0;
    while (written + out.size() < bytes) {
        if (kind == "sensors") sensor_row(out, chance);
        else shop_row(out, chance, ++id, kind == "drift" && written > bytes / 10 * 9);
        out += '\n';
        if (out.size() < 1u << 20) continue;
        if (std::fwrite(out.data(), 1, out.size(), file) != out.size()) return 1;
        written += out.size();
        out.clear();
    }
    const bool ok = std::fwrite(out.data(), 1, out.size(), file) == out.size();
    return std::fclose(file) == 0 && ok ? 0 : 1;
}
