// bench_mapping fit DIR...    fits both models of src/mapping/confidence.cpp on all pairs below the folders, prints coefficients.inc
// bench_mapping evaluate DIR...    the measures of evaluate.py in one process; with ERRORS=1 what is wrong, with
//                                MODEL=FILE by the coefficients that `fit` has printed
// bench_mapping speed SOURCE TARGET    times a proposal from summaries that are in memory
// A pair is a folder with source.*, target.* and truth.json, see bench/mapping/README.md.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "mapping/assignment.hpp"
#include "mapping/confidence.hpp"
#include "mapping/proposal.hpp"
#include "mapping/schema.hpp"

using namespace millrace;
using namespace millrace::mapping;

namespace {

struct FileSource final : formats::Source {
    std::string text;
    explicit FileSource(const std::filesystem::path& path) {
        std::ifstream in{path, std::ios::binary};
        text.assign(std::istreambuf_iterator<char>{in}, {});
    }
    std::uint64_t size() const override { return text.size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        return text.copy(into.data(), into.size(), std::min<std::uint64_t>(offset, text.size()));
    }
};

Table read_file(const std::filesystem::path& path) {
    FileSource source{path};
    return mapping::read(source, path.filename().string());
}

struct Pair {
    std::string name, group;
    Table source, target;
    std::set<std::pair<std::string, std::string>> truth;
};

std::filesystem::path table_in(const std::filesystem::path& folder, const char* name) {
    const auto csv = folder / (std::string{name} + ".csv");
    return std::filesystem::exists(csv) ? csv : folder / (std::string{name} + ".json");
}

std::vector<Pair> read_pairs(int argc, char** argv) {
    std::vector<std::filesystem::path> folders;
    for (int i = 2; i < argc; ++i) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator{argv[i]}) {
            if (entry.path().filename() == "truth.json") folders.push_back(entry.path().parent_path());
        }
    }
    std::ranges::sort(folders);
    std::vector<Pair> pairs;
    for (const auto& folder : folders) {
        Pair pair{.name = folder.filename().string(), .group = folder.parent_path().filename().string()};
        pair.source = read_file(table_in(folder, "source"));
        pair.target = read_file(table_in(folder, "target"));
        const auto truth = json::parse(FileSource{folder / "truth.json"}.text);
        for (const auto& one : truth.as_array()) pair.truth.emplace(std::string{one.as_array()[0].as_string()}, std::string{one.as_array()[1].as_string()});
        pairs.push_back(std::move(pair));
    }
    return pairs;
}

struct Row {
    std::vector<double> x;
    double y = 0, weight = 1;
};

/// Solves A x = b for a symmetric positive matrix (Cholesky).
std::vector<double> solve(std::vector<std::vector<double>> a, std::vector<double> b) {
    const auto n = b.size();
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t k = 0; k < j; ++k) a[j][j] -= a[j][k] * a[j][k];
        a[j][j] = std::sqrt(std::max(a[j][j], 1e-9));
        for (std::size_t i = j + 1; i < n; ++i) {
            for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
            a[i][j] /= a[j][j];
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return b;
}

/// Logistic regression with a quadratic penalty, by Newton's method. The first coefficient is the constant.
std::vector<double> fit(const std::vector<Row>& rows, double penalty, const std::vector<char>& at_least_zero) {
    const auto n = rows.front().x.size();
    std::vector<double> w(n, 0);
    std::vector<char> fixed(n, 0);
    for (int round = 0; round < 40; ++round) {
        std::vector<std::vector<double>> hessian(n, std::vector<double>(n, 0));
        std::vector<double> gradient(n, 0);
        for (const auto& row : rows) {
            double z = 0;
            for (std::size_t i = 0; i < n; ++i) z += w[i] * row.x[i];
            const double p = 1 / (1 + std::exp(-z)), g = row.weight * (row.y - p), h = row.weight * std::max(p * (1 - p), 1e-6);
            for (std::size_t i = 0; i < n; ++i) {
                if (row.x[i] == 0) continue;
                gradient[i] += g * row.x[i];
                for (std::size_t j = 0; j <= i; ++j) hessian[i][j] += h * row.x[i] * row.x[j];
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            hessian[i][i] += penalty;
            gradient[i] -= penalty * w[i] * (i == 0 ? 0 : 1);
            if (!fixed[i]) continue;
            gradient[i] = 0;
            for (std::size_t j = 0; j < n; ++j) hessian[std::max(i, j)][std::min(i, j)] = i == j ? 1 : 0;
        }
        const auto step = solve(hessian, gradient);
        double most = 0;
        for (std::size_t i = 0; i < n; ++i) {
            w[i] += std::clamp(step[i], -2.0, 2.0);
            most = std::max(most, std::abs(step[i]));
        }
        if (most < 1e-4) {
            // What should speak for a pair but would speak against it says nothing new.
            bool changed = false;
            for (std::size_t i = 0; i < n; ++i) {
                if (at_least_zero[i] && !fixed[i] && w[i] < 0) {
                    fixed[i] = 1;
                    w[i] = 0;
                    changed = true;
                }
            }
            if (!changed) break;
        }
    }
    return w;
}

double log_loss(const std::vector<Row>& rows, const std::vector<double>& w) {
    double sum = 0, weights = 0;
    for (const auto& row : rows) {
        double z = 0;
        for (std::size_t i = 0; i < w.size(); ++i) z += w[i] * row.x[i];
        sum += row.weight * std::log1p(std::exp(row.y > 0 ? -z : z));
        weights += row.weight;
    }
    return sum / weights;
}

using Fitted = std::map<std::string, std::array<double, regime_count>>;

void print(const char* macro, const Fitted& model, const std::vector<std::string>& order) {
    for (const auto& name : order) fmt::print("{}({}, {:.3f}, {:.3f}, {:.3f})\n", macro, name, model.at(name)[0], model.at(name)[1], model.at(name)[2]);
}

/// Groups count alike, and so do the pairs of a group: a pair of many columns does not count for more.
double weight_of(const Pair& pair, const std::map<std::string, double>& groups) { return 1 / std::sqrt(groups.at(pair.group)); }

int fit_all(int argc, char** argv) {
    auto pairs = read_pairs(argc, argv);
    if (const char* without = std::getenv("WITHOUT")) std::erase_if(pairs, [&](const Pair& pair) { return pair.group == without; });
    const auto names = alone_features();
    std::map<std::string, double> groups;
    for (const auto& pair : pairs) ++groups[pair.group];
    static constexpr std::string_view against[] = {"opaque", "other_number", "values_disjoint", "both_numbers", "other_sort", "kind_conflict", "kind_missing", "enumeration", "type", "meaning_contained", "words_contained"};
    std::vector<mapping::detail::Prepared> prepared;
    std::vector<Scores> scores;
    for (const auto& pair : pairs) {
        prepared.push_back(mapping::detail::prepare(pair.source, pair.target));
        scores.push_back(score(prepared.back()));
    }
    Fitted alone, context;
    std::vector<std::string> alone_order{"constant"}, context_order{"constant"};
    for (const auto name : names) alone_order.emplace_back(name);
    for (const auto name : context_features) context_order.emplace_back(name);
    for (const auto& name : alone_order) alone[name] = {};
    for (const auto& name : context_order) context[name] = {};
    for (const auto regime : {Regime::rows, Regime::lists, Regime::schema}) {
        std::vector<Row> rows;
        for (std::size_t p = 0; p < pairs.size(); ++p) {
            if (regime_of(prepared[p]) != regime) continue;
            const auto& pair = pairs[p];
            for (std::size_t s = 0; s < pair.source.fields.size(); ++s) {
                for (std::size_t t = 0; t < pair.target.fields.size(); ++t) {
                    Row row{.y = pair.truth.contains({pair.source.fields[s].name, pair.target.fields[t].name}) ? 1.0 : 0.0};
                    row.weight = weight_of(pair, groups);
                    row.x.push_back(1);
                    for (std::size_t f = 0; f < names.size(); ++f) row.x.push_back(static_cast<double>(scores[p].features[f].at(s, t)));
                    rows.push_back(std::move(row));
                }
            }
        }
        if (rows.empty()) continue;
        std::vector<char> positive{0};
        for (const auto name : names) positive.push_back(std::ranges::find(against, name) == std::end(against));
        const auto w = fit(rows, 1.0, positive);
        for (std::size_t i = 0; i < w.size(); ++i) alone[alone_order[i]][static_cast<std::size_t>(regime)] = w[i];
        fmt::print(stderr, "{} rows, log loss {:.4f}\n", rows.size(), log_loss(rows, w));

        std::vector<Row> seconds;
        for (std::size_t p = 0; p < pairs.size(); ++p) {
            if (regime_of(prepared[p]) != regime) continue;
            const auto& pair = pairs[p];
            auto& of = scores[p];
            Matrix share{of.alone.rows(), of.alone.columns()};
            for (std::size_t s = 0; s < of.alone.rows(); ++s) {
                for (std::size_t t = 0; t < of.alone.columns(); ++t) {
                    double z = w[0];
                    for (std::size_t f = 0; f < names.size(); ++f) z += w[f + 1] * static_cast<double>(of.features[f].at(s, t));
                    of.alone.at(s, t) = static_cast<float>(z);
                    share.at(s, t) = static_cast<float>(1 / (1 + std::exp(-z)));
                }
            }
            of.assigned = assign(share);
            const auto seen = contexts(of);
            for (std::size_t s = 0; s < pair.source.fields.size(); ++s) {
                for (std::size_t t = 0; t < pair.target.fields.size(); ++t) {
                    Row row{.y = pair.truth.contains({pair.source.fields[s].name, pair.target.fields[t].name}) ? 1.0 : 0.0};
                    row.weight = weight_of(pair, groups);
                    row.x.push_back(1);
                    for (const float value : seen[s * pair.target.fields.size() + t]) row.x.push_back(static_cast<double>(value));
                    seconds.push_back(std::move(row));
                }
            }
        }
        std::vector<char> free(context_features.size() + 1, 0);
        for (std::size_t i = 1; i < 6; ++i) free[i] = 1;
        const auto v = fit(seconds, 1.0, free);
        for (std::size_t i = 0; i < v.size(); ++i) context[context_order[i]][static_cast<std::size_t>(regime)] = v[i];
        fmt::print(stderr, "second model, log loss {:.4f}\n", log_loss(seconds, v));
    }
    fmt::print("// Coefficients of the two logistic models of confidence.cpp: (feature, rows, lists, schema).\n"
               "// Written by `bench_mapping fit`, see docs/mapping-quality.md; not to be edited by hand.\n");
    print("ALONE", alone, alone_order);
    print("CONTEXT", context, context_order);
    return 0;
}

/// Reads what `fit` printed.
Model read_model(const std::string& path) {
    Model model;
    std::ifstream in{path};
    for (std::string line; std::getline(in, line);) {
        const auto open = line.find('(');
        if (line.starts_with("//") || open == line.npos) continue;
        std::string rest = line.substr(open + 1);
        std::ranges::replace(rest, ',', ' ');
        std::istringstream words{rest};
        Model::Coefficient coefficient;
        words >> coefficient.feature;
        for (auto& value : coefficient.values) words >> value;
        (line.starts_with("ALONE") ? model.alone : model.context).push_back(std::move(coefficient));
    }
    return model;
}

struct Sums {
    double recall = 0, rank = 0, precision = 0, found = 0, f1 = 0, covered = 0;
    double junk = 0, lonely = 0, sure = 0, sure_right = 0, count = 0;
};

/// The measures of bench/mapping/evaluate.py in one process.
int evaluate(int argc, char** argv) {
    const bool errors = std::getenv("ERRORS") != nullptr;
    Options options;
    Model model;
    if (const char* path = std::getenv("MODEL")) {
        model = read_model(path);
        options.model = &model;
    }
    std::map<std::string, Sums> groups;
    for (const auto& pair : read_pairs(argc, argv)) {
        const auto proposal = propose(pair.source, pair.target, nullptr, options);
        auto& sums = groups[pair.group];
        ++sums.count;
        std::set<std::string> partners;
        for (const auto& [s, t] : pair.truth) partners.insert(s);
        double hits = 0, ranks = 0;
        for (std::size_t i = 0; i < std::min(pair.truth.size(), proposal.candidates.size()); ++i) {
            hits += pair.truth.contains({proposal.candidates[i].source, proposal.candidates[i].target});
        }
        for (const auto& name : partners) {
            int rank = 0, right = 0;
            std::string first;
            for (const auto& c : proposal.candidates) {
                if (c.source != name) continue;
                if (++rank == 1) first = fmt::format("{} ({:.2f}: {})", c.target, c.confidence, c.reason);
                if (right == 0 && pair.truth.contains({c.source, c.target})) right = rank;
            }
            if (right > 0) ranks += 1.0 / right;
            if (errors && right != 1) {
                std::string wanted;
                for (const auto& [s, t] : pair.truth) wanted += s == name ? ' ' + t : "";
                fmt::print("  {}/{}: {} ->{} is rank {} after {}\n", pair.group, pair.name, name, wanted, right, first);
            }
        }
        double right = 0;
        std::set<std::string> mapped;
        double sure_right = 0;
        for (const auto& entry : proposal.mapping) {
            const bool is_right = pair.truth.contains({entry.source, entry.target});
            right += is_right;
            mapped.insert(entry.source);
            if (entry.confidence >= 0.9) {
                ++sums.sure;
                sure_right += is_right;
            }
            if (errors && !is_right) fmt::print("  {}/{}: WRONG {} -> {} ({:.2f}: {})\n", pair.group, pair.name, entry.source, entry.target, entry.confidence, entry.reason);
        }
        for (const auto& field : pair.source.fields) {
            if (partners.contains(field.name)) continue;
            ++sums.lonely;
            sums.junk += mapped.contains(field.name);
        }
        const auto truths = static_cast<double>(pair.truth.size()), all = static_cast<double>(partners.size());
        const double precision = mapped.empty() ? 0 : right / static_cast<double>(mapped.size()), found = right / all;
        sums.recall += hits / truths;
        sums.rank += ranks / all;
        sums.precision += precision;
        sums.found += found;
        sums.f1 += right > 0 ? 2 * precision * found / (precision + found) : 0;
        sums.covered += sure_right / all;
        sums.sure_right += sure_right;
    }
    fmt::print("{:32}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}\n", "", "recall@GT", "MRR", "P", "R", "F1", "junk", "p@.9", "cov");
    std::array<double, 8> total{};
    for (const auto& [name, sums] : groups) {
        const double n = sums.count;
        const std::array<double, 8> line{sums.recall / n, sums.rank / n, sums.precision / n, sums.found / n, sums.f1 / n, sums.junk / std::max(1.0, sums.lonely), sums.sure_right / std::max(1.0, sums.sure), sums.covered / n};
        fmt::print("{:32}{:>10.3f}", fmt::format("{} ({})", name, n), line[0]);
        for (std::size_t i = 1; i < line.size(); ++i) fmt::print("{:>8.3f}", line[i]);
        fmt::print("\n");
        for (std::size_t i = 0; i < line.size(); ++i) total[i] += line[i] / static_cast<double>(groups.size());
    }
    fmt::print("{:32}{:>10.3f}", "MACRO", total[0]);
    for (std::size_t i = 1; i < total.size(); ++i) fmt::print("{:>8.3f}", total[i]);
    fmt::print("\n");
    return 0;
}

int speed(char** argv) {
    const auto source = read_file(argv[2]), target = read_file(argv[3]);
    std::vector<double> times;
    for (int i = 0; i < 7; ++i) {
        const auto before = std::chrono::steady_clock::now();
        const auto proposal = propose(source, target);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
        if (proposal.fingerprint.empty()) return 1;
    }
    std::ranges::sort(times);
    const auto before = std::chrono::steady_clock::now();
    const auto both = mapping::detail::prepare(source, target);
    const auto between = std::chrono::steady_clock::now();
    const auto scores = score(both);
    const auto after = std::chrono::steady_clock::now();
    if (scores.assigned.empty()) return 1;
    fmt::print("preparing {:.1f} ms, scoring {:.1f} ms\n", std::chrono::duration<double, std::milli>(between - before).count(), std::chrono::duration<double, std::milli>(after - between).count());
    fmt::print("{} x {} fields: median {:.1f} ms, least {:.1f} ms\n", source.fields.size(), target.fields.size(), times[3], times[0]);
    return 0;
}

/// The measures of one pair: for a pair of fields, what is measured.
int explain(char** argv) {
    const auto source = read_file(argv[2]), target = read_file(argv[3]);
    const auto both = mapping::detail::prepare(source, target);
    const auto scores = score(both);
    const auto names = alone_features();
    for (std::size_t s = 0; s < source.fields.size(); ++s) {
        if (source.fields[s].name != argv[4]) continue;
        for (std::size_t t = 0; t < target.fields.size(); ++t) {
            if (target.fields[t].name != argv[5]) continue;
            for (std::size_t f = 0; f < names.size(); ++f) fmt::print("{} {:.3f}\n", names[f], scores.features[f].at(s, t));
            fmt::print("alone {:.3f}, confidence {:.3f}\n", scores.alone.at(s, t), scores.confidence.at(s, t));
            for (const auto& meaning : both.source[s].concepts) fmt::print("source means: {}\n", fmt::join(meaning, " "));
            for (const auto& meaning : both.target[t].concepts) fmt::print("target means: {}\n", fmt::join(meaning, " "));
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "fit" && argc > 2) return fit_all(argc, argv);
    if (what == "evaluate" && argc > 2) return evaluate(argc, argv);
    if (what == "speed" && argc == 4) return speed(argv);
    if (what == "explain" && argc == 6) return explain(argv);
    fmt::print(stderr, "bench_mapping fit DIR... | evaluate DIR... | speed SOURCE TARGET | explain SOURCE TARGET FIELD FIELD\n");
    return 2;
}
