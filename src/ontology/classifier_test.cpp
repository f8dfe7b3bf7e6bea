#include "ontology/classifier.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "ontology/words.hpp"

using namespace millrace;
using namespace millrace::ontology;

namespace {

Ontology topics() {
    return ontology::read_json(json::parse(R"({"concepts": [
        {"id": "leisure", "label": "Leisure", "classifiable": false},
        {"id": "garden", "label": "Garden", "parent": "leisure", "synonyms": ["plants", "flower bed", "tuin"]},
        {"id": "kitchen", "label": "Kitchen", "parent": "leisure", "synonyms": ["cooking", "recipe", "keuken"]},
        {"id": "cycling", "label": "Cycling", "synonyms": ["bicycle", "fiets"]}]})"));
}

/// Sentences of three topics; most name no word of the ontology.
std::vector<std::string> letters() {
    constexpr std::array<std::array<std::string_view, 4>, 3> openings{{
        {"The garden is full of tulips and roses", "Prune the roses in spring", "Tulips need compost and sun", "Sow the seeds under compost"},
        {"This recipe needs butter and flour", "Whisk butter with sugar", "Bake the flour and sugar at 180 degrees", "Simmer the onions in butter"},
        {"My bicycle has a new saddle and chain", "Oil the chain and check the brakes", "The saddle and the brakes wear out", "A puncture: patch the tyre and the chain"},
    }};
    std::vector<std::string> all;
    for (int copy = 0; copy < 8; ++copy) {
        for (const auto& topic : openings) {
            for (const auto sentence : topic) all.push_back(std::string{sentence} + ", number " + std::to_string(copy) + '.');
        }
    }
    return all;
}

Classifier taught(bool with_letters) {
    Learner learner{topics()};
    if (with_letters) {
        for (const auto& letter : letters()) learner.observe(letter);
    }
    return learner.train();
}

}  // namespace

TEST_CASE("words are counted without the endings that say how they are used") {
    for (const auto& [word, want] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"companies", "compani"}, {"company", "compani"}, {"shares", "shar"}, {"share", "shar"}, {"stopped", "stop"}, {"voting", "vot"},
             {"bus", "bus"}, {"glass", "glass"}, {"boxes", "box"}, {"sing", "sing"}, {"größe", "größ"}}) {
        CAPTURE(word);
        CHECK(stem(word) == want);
    }
}

TEST_CASE("labels and synonyms of any language decide") {
    const auto classifier = taught(false);

    CHECK(classifier.classify("Het onderhoud van mijn fiets").concept_id == "cycling");
    CHECK(classifier.classify("A new flower bed, before the rain").concept_id == "garden");
    CHECK(classifier.classify("Cooking for many").terms == std::vector<std::string>{"cooking"});
}

TEST_CASE("none of these is an answer") {
    const auto classifier = taught(true);

    for (const char* text : {"", "42 + 17", "the and of", "Quarterly dividends exceeded forecasts", "\xff\xfe\x00"}) {
        CAPTURE(text);
        const auto result = classifier.classify(text);
        CHECK(result.concept_id == std::nullopt);
        CHECK(result.confidence > 0.5);
    }
}

TEST_CASE("words that stand beside those of the ontology are learned from documents without a label") {
    const std::string text = "Whisk flour with sugar";

    CHECK(taught(false).classify(text).concept_id == std::nullopt);
    const auto result = taught(true).classify(text);
    CHECK(result.concept_id == "kitchen");
    CHECK(std::ranges::find(result.terms, "flour") != result.terms.end());
}

TEST_CASE("examples outweigh what the ontology says") {
    Learner learner{topics()};
    const bool taken = learner.example("Tagebuch vom Berg", "cycling") && learner.example("Tagebuch vom Tal", "CYCLING");

    CHECK(taken);
    CHECK_FALSE(learner.example("Tagebuch", "leisure"));
    CHECK_FALSE(learner.example("Tagebuch", "sailing"));
    CHECK(learner.train().classify("Ein Tagebuch").concept_id == "cycling");
}

TEST_CASE("the same input gives the same answer") {
    const auto once = taught(true), again = taught(true);

    for (const auto& letter : letters()) {
        const auto a = once.classify(letter), b = again.classify(letter);
        CHECK(a.concept_id == b.concept_id);
        CHECK(a.confidence == b.confidence);
        CHECK(a.terms == b.terms);
    }
}

TEST_CASE("with examples, training says how often it would have been right") {
    Learner learner{topics()};
    const std::array<const char*, 3> names{"garden", "kitchen", "cycling"};
    const auto all = letters();
    for (std::size_t i = 0; i < all.size(); ++i) learner.example(all[i], names[i / 4 % 3]);

    const auto training = learner.train().training();

    CHECK(training.examples == all.size());
    CHECK(training.accuracy.value() > 0.95);
}

TEST_CASE("an ontology without classes classifies nothing") {
    Learner learner{ontology::read_json(json::parse(R"({"concepts": []})"))};
    learner.observe("some text");

    CHECK(learner.train().classify("some text").concept_id == std::nullopt);
}
