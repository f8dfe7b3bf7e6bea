#include "mapping/detail/prepared.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_set>

#include "mapping/detail/features_of_values.hpp"
#include "mapping/detail/hash.hpp"
#include "mapping/words.hpp"

namespace millrace::mapping::detail {
namespace {

/// Words as numbers.
class Interner {
public:
    std::uint32_t operator()(const std::string& word) {
        const auto [at, is_new] = ids_.try_emplace(word, static_cast<std::uint32_t>(words_.size()));
        if (is_new) words_.push_back(word);
        return at->second;
    }
    const std::vector<std::string>& words() const { return words_; }

private:
    std::unordered_map<std::string, std::uint32_t> ids_;
    std::vector<std::string> words_;
};

/// How many leading words the names of a table have in common: all but a few of them start with them.
std::vector<std::string> common_start(const Table& table) {
    if (table.fields.size() < 4) return {};
    std::vector<std::vector<std::string>> names;
    for (const auto& field : table.fields) names.push_back(words_of(field.name));
    std::vector<std::string> start;
    while (start.size() < 3) {
        std::unordered_map<std::string, std::size_t> counts;
        for (const auto& words : names) {
            if (words.size() > start.size() + 1 && std::equal(start.begin(), start.end(), words.begin())) ++counts[words[start.size()]];
        }
        const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
        if (most == counts.end() || most->second * 10 < names.size() * 8) break;
        start.push_back(most->first);
    }
    return start;
}

Variant variant_of(std::vector<std::string> words) {
    Variant variant{.words = std::move(words)};
    variant.squashed = join(variant.words);
    variant.pairs = pairs_of(variant.squashed);
    variant.letters = letters_of(variant.squashed);
    return variant;
}

void add_variants(PreparedField& prepared, const std::vector<std::string>& start) {
    const auto& field = *prepared.field;
    const auto add = [&](std::vector<std::string> words) {
        if (words.empty()) return;
        for (const auto& known : prepared.variants) {
            if (known.words == words) return;
        }
        prepared.variants.push_back(variant_of(std::move(words)));
    };
    const auto words = words_of(field.name);
    add(words);
    if (!start.empty() && words.size() > start.size() && std::equal(start.begin(), start.end(), words.begin())) {
        add({words.begin() + static_cast<std::ptrdiff_t>(start.size()), words.end()});
    }
    // "actor.first_name": the table and its column.
    if (const auto dot = field.name.rfind('.'); dot != field.name.npos && dot > 0 && dot + 1 < field.name.size()) {
        const auto part = std::string_view{field.name}.substr(dot + 1);
        if (part.size() >= 3 && field.name.find_first_of(" ") == field.name.npos && std::ranges::count(field.name, '.') == 1) add(words_of(part));
    }
    if (!field.title.empty()) add(words_of(field.title));
}

void add_meanings(PreparedField& prepared) {
    const auto& lexicon = Lexicon::built_in();
    std::vector<Meaning> all;
    for (const auto& variant : prepared.variants) {
        for (auto& meaning : lexicon.meanings(variant.words)) {
            const bool known = std::ranges::any_of(all, [&](const Meaning& other) { return other.concepts == meaning.concepts; });
            if (!known) all.push_back(std::move(meaning));
        }
    }
    std::ranges::stable_sort(all, std::greater{}, &Meaning::weight);
    if (all.size() > 10) all.resize(10);
    for (auto& meaning : all) {
        prepared.meanings.push_back({.weight = static_cast<float>(meaning.weight)});
        prepared.concepts.push_back(std::move(meaning.concepts));
    }
}

void expect_kinds(PreparedField& prepared) {
    const auto& lexicon = Lexicon::built_in();
    const auto contains_all = [](const std::vector<std::string>& all, const std::vector<std::string>& some) {
        return std::ranges::all_of(some, [&](const auto& word) { return std::ranges::find(all, word) != all.end(); });
    };
    for (std::size_t kind = 0; kind < kind_count; ++kind) {
        const auto name = boost::describe::enum_to_string(static_cast<Kind>(kind), "");
        for (const auto& wanted : lexicon.concepts_of_kind(name)) {
            for (std::size_t i = 0; i < prepared.concepts.size(); ++i) {
                const auto& concepts = prepared.concepts[i];
                if (!contains_all(concepts, wanted)) continue;
                // All of the name, or a part of it: "created by date" holds a date, "vat rate of customer" less surely a rate.
                const float share = static_cast<float>(wanted.size()) / static_cast<float>(concepts.size());
                prepared.expected[kind] = std::max(prepared.expected[kind], prepared.meanings[i].weight * std::sqrt(share));
            }
        }
    }
    const auto expect = [&](Kind kind) { prepared.expected[static_cast<std::size_t>(kind)] = 1; };
    const auto& format = prepared.field->format;
    const auto& type = prepared.field->type;
    if (format == "email") expect(Kind::email);
    if (format == "uri" || format == "url") expect(Kind::url);
    if (format == "uuid") expect(Kind::uuid);
    if (type == "date" || format == "date") expect(Kind::date);
    if (type == "datetime" || format == "date-time" || type == "timestamp") expect(Kind::instant);
    if (type == "time") expect(Kind::time);
    if (type == "boolean") expect(Kind::boolean);
}

Sort sort_of(const PreparedField& prepared) {
    const auto& type = prepared.field->type;
    if (prepared.values && !prepared.values->values.empty()) return sort_of_values(*prepared.values);
    if (type == "integer" || type == "number" || type == "int64" || type == "decimal" || type == "float64") return Sort::number;
    if (type == "date" || type == "datetime" || type == "timestamp" || type == "time") return Sort::date;
    if (type == "string" || type == "boolean" || type == "text") return Sort::text;
    return Sort::unknown;
}

PreparedField prepare_field(const Field& field, const std::vector<std::string>& start) {
    PreparedField prepared{.field = &field};
    add_variants(prepared, start);
    prepared.opaque = is_opaque(field.name) && field.title.empty();
    add_meanings(prepared);
    if (field.values && !field.values->values.empty()) {
        prepared.values = &*field.values;
    } else if (!field.enumeration.empty()) {
        for (const auto& value : field.enumeration) prepared.declared.values.push_back({value, 1});
        prepared.declared.count = field.enumeration.size();
        prepared.declared.distinct = static_cast<double>(field.enumeration.size());
        prepared.enumerated = true;  // `values` is set when the field stands where it stays
    }
    expect_kinds(prepared);
    return prepared;
}

/// Weights of words: the rarer among all names, the more they say.
struct Rarity {
    std::unordered_map<std::string, double> counts;
    double fields = 0;

    void add(const std::set<std::string>& words) {
        for (const auto& word : words) ++counts[word];
        ++fields;
    }
    double operator()(const std::string& word) const {
        const auto at = counts.find(word);
        const double count = at == counts.end() ? 1 : at->second;
        return std::log(1 + fields / count) / std::log(1 + fields);
    }
};

void weigh_names(Prepared& both) {
    Rarity words, concepts;
    const auto count = [&](const std::vector<PreparedField>& fields) {
        for (const auto& field : fields) {
            std::set<std::string> own, meant;
            for (const auto& variant : field.variants) {
                for (const auto& word : variant.words) own.insert(stem(word));
            }
            if (!field.concepts.empty()) meant.insert(field.concepts[0].begin(), field.concepts[0].end());
            words.add(own);
            concepts.add(meant);
        }
    };
    count(both.source);
    count(both.target);
    const auto& lexicon = Lexicon::built_in();
    Interner source_words, target_words, source_concepts, target_concepts;
    const auto fill = [&](std::vector<PreparedField>& fields, Interner& word_ids, Interner& concept_ids) {
        for (auto& field : fields) {
            for (auto& variant : field.variants) {
                for (const auto& word : variant.words) {
                    const auto stemmed = stem(word);
                    variant.bag.words.push_back(word_ids(stemmed));
                    variant.bag.weights.push_back(static_cast<float>(words(stemmed) * lexicon.weight(stemmed)));
                }
            }
            for (std::size_t i = 0; i < field.meanings.size(); ++i) {
                for (const auto& word : field.concepts[i]) {
                    field.meanings[i].words.push_back(concept_ids(word));
                    field.meanings[i].weights.push_back(static_cast<float>(std::sqrt(concepts(word)) * lexicon.weight(word)));
                }
            }
        }
    };
    fill(both.source, source_words, source_concepts);
    fill(both.target, target_words, target_concepts);
    for (const auto& a : source_words.words()) {
        auto& row = both.word_likeness.emplace_back();
        for (const auto& b : target_words.words()) row.push_back(static_cast<float>(word_similarity(a, b)));
    }
    for (const auto& a : source_concepts.words()) {
        auto& row = both.concept_likeness.emplace_back();
        const bool known = lexicon.knows(a);
        for (const auto& b : target_concepts.words()) {
            double alike = lexicon.relation(a, b);
            if (alike == 0 && !(known && lexicon.knows(b))) {
                alike = word_similarity(a, b);
                alike = alike < 0.6 ? 0 : 0.85 * alike;
            }
            row.push_back(static_cast<float>(alike));
        }
    }
}

/// All words that a field has to say, weighted: those of its name most, those of its values least.
std::unordered_map<std::string, double> terms_of(const PreparedField& prepared) {
    std::unordered_map<std::string, double> terms;
    const auto add_word = [&](const std::string& word, double weight) {
        if (is_cjk(word)) {
            for (const auto& pair : bigrams(word)) terms[pair] += weight;
        } else if (word.size() > 1 || std::isdigit(static_cast<unsigned char>(word[0]))) {
            terms[stem(word)] += weight;
        }
    };
    for (const auto& variant : prepared.variants) {
        for (const auto& word : variant.words) add_word(word, 2.5 / static_cast<double>(prepared.variants.size()));
    }
    if (!prepared.concepts.empty()) {
        for (const auto& word : prepared.concepts[0]) terms['~' + word] += 1.5;
    }
    const auto words = words_of(std::string_view{prepared.field->description}.substr(0, 2000));
    for (const auto& word : words) add_word(word, 1);
    for (const auto& meaning : Lexicon::built_in().meanings(words)) {
        for (const auto& word : meaning.concepts) terms['~' + word] += 0.5;
        break;
    }
    if (prepared.values && prepared.values->distinct <= 60) {
        for (const auto& value : prepared.values->values) {
            for (const auto& word : words_of(value.value)) add_word(word, 1);
        }
    }
    for (auto& [word, weight] : terms) weight = std::log1p(weight);
    return terms;
}

void weigh_text(Prepared& both) {
    std::vector<std::unordered_map<std::string, double>> documents;
    for (const auto& field : both.source) documents.push_back(terms_of(field));
    for (const auto& field : both.target) documents.push_back(terms_of(field));
    Interner ids;
    std::vector<double> counts;
    for (const auto& document : documents) {
        for (const auto& [word, weight] : document) {
            const auto id = ids(word);
            if (id == counts.size()) counts.push_back(0);
            ++counts[id];
        }
    }
    const double all = static_cast<double>(documents.size());
    const auto fill = [&](PreparedField& field, const std::unordered_map<std::string, double>& document) {
        for (const auto& [word, weight] : document) {
            const auto id = ids(word);
            const double generic = Lexicon::built_in().weight(word[0] == '~' ? word.substr(1) : word);
            field.text.emplace_back(id, static_cast<float>(weight * std::log(1 + all / counts[id]) * generic));
        }
        normalise(field.text);
    };
    for (std::size_t i = 0; i < both.source.size(); ++i) fill(both.source[i], documents[i]);
    for (std::size_t i = 0; i < both.target.size(); ++i) fill(both.target[i], documents[both.source.size() + i]);
}

/// Columns of very different lengths that name each of their values once or twice: lists of what is allowed, not rows.
bool has_lists(const Table& table) {
    std::vector<std::uint64_t> counts;
    std::size_t lists = 0;
    for (const auto& field : table.fields) {
        if (!field.values || field.values->count == 0) continue;
        counts.push_back(field.values->count);
        lists += 2.2 * field.values->distinct >= static_cast<double>(field.values->count);
    }
    if (counts.size() < 8 || lists * 10 < counts.size() * 9) return false;
    std::ranges::sort(counts);
    return counts[counts.size() / 2] * 10 <= counts.back();
}

bool has_rows(const Table& table) {
    return std::ranges::any_of(table.fields, [](const Field& field) { return field.values && field.values->count > 0; });
}

}  // namespace

double cosine(const Vector& a, const Vector& b) {
    double sum = 0;
    for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
        if (i->first < j->first) ++i;
        else if (j->first < i->first) ++j;
        else sum += static_cast<double>((i++)->second) * static_cast<double>((j++)->second);
    }
    return sum;
}

Prepared prepare(const Table& source, const Table& target) {
    Prepared both{.source_rows = has_rows(source), .target_rows = has_rows(target), .lists = has_lists(source) || has_lists(target)};
    const auto fill = [](const Table& table, std::vector<PreparedField>& fields) {
        const auto start = common_start(table);
        fields.reserve(table.fields.size());
        for (const auto& field : table.fields) {
            auto& prepared = fields.emplace_back(prepare_field(field, start));
            if (prepared.enumerated) prepared.values = &prepared.declared;
            prepared.sort = sort_of(prepared);
        }
    };
    fill(source, both.source);
    fill(target, both.target);
    weigh_names(both);
    weigh_text(both);
    prepare_values(both);
    return both;
}

}  // namespace millrace::mapping::detail
