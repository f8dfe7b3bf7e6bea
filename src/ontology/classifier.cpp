#include "ontology/classifier.hpp"

#include <algorithm>

#include "ontology/detail/calibration.hpp"
#include "ontology/words.hpp"

namespace millrace::ontology {

namespace detail {
namespace {

constexpr std::size_t postings_max = 8u << 20;        ///< 64 MiB
constexpr std::size_t trials_min = 20;                ///< examples, to judge by them
constexpr std::size_t folds_max = 5;
constexpr std::size_t logistic_examples_min = 5;      ///< per class, on average

}  // namespace

class Trainer {
public:
    explicit Trainer(const Ontology& ontology) : ontology_{ontology}, seeds_{ontology, vocabulary_} {
        for (std::uint32_t of = 0; of < seeds_.classes.size(); ++of) names_.emplace(seeds_.classes[of], of);
        for (std::uint32_t of = 0; of < seeds_.classes.size(); ++of) {
            for (const auto& [language, label] : ontology_.find(seeds_.classes[of])->label) names_.emplace(lower(label), of);
        }
        for (const auto& entry : ontology_.concepts) {
            for (const auto& example : entry.examples) this->example(example, entry.id);
        }
    }

    bool example(std::string_view text, std::string_view name) {
        auto found = names_.find(std::string{name});
        if (found == names_.end()) found = names_.find(lower(name));
        if (found == names_.end()) return false;
        keep(text, found->second);
        return true;
    }

    void observe(std::string_view text) { keep(text, std::nullopt); }

    bool full() const { return bags_.size() >= Learner::documents_max || postings_ >= postings_max; }

    std::shared_ptr<const Model> train() const;

private:
    static std::string lower(std::string_view text) {
        std::string folded{text};
        for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        return folded;
    }

    void keep(std::string_view text, std::optional<std::uint32_t> label) {
        if (full()) return;
        bags_.push_back(vocabulary_.read(text, true));
        labels_.push_back(label);
        postings_ += bags_.back().size();
    }

    Ontology ontology_;
    Vocabulary vocabulary_;
    Seeds seeds_;
    std::unordered_map<std::string, std::uint32_t> names_;
    std::vector<Bag> bags_;
    std::vector<std::optional<std::uint32_t>> labels_;
    std::size_t postings_ = 0;
};

namespace {

/// Each labelled document is scored by models that learned from the others' labels only.
std::vector<Trial> trials_of(const Space& space, std::span<const Lesson> lessons, std::size_t labelled, bool with_logistic) {
    std::vector<Trial> trials;
    const auto folds = labelled > 2000 ? 2 : std::min(folds_max, labelled);
    for (std::size_t fold = 0; fold < folds; ++fold) {
        std::vector<Lesson> rest{lessons.begin(), lessons.end()};
        std::vector<std::size_t> apart;
        std::vector<std::size_t> seen(space.classes());
        for (std::size_t i = 0; i < rest.size(); ++i) {
            if (!rest[i].label || seen[*rest[i].label]++ % folds != fold) continue;
            rest[i].label.reset();
            apart.push_back(i);
        }
        const Bayes bayes{space, rest};
        std::optional<Logistic> logistic;
        if (with_logistic) logistic.emplace(space, rest);
        for (const auto i : apart) {
            auto& trial = trials.emplace_back();
            trial.label = *lessons[i].label;
            trial.bayes.resize(space.classes());
            bayes.score(*lessons[i].point, trial.bayes);
            if (!logistic) continue;
            trial.logistic.resize(space.classes());
            logistic->score(*lessons[i].point, trial.logistic);
        }
    }
    return trials;
}

}  // namespace

std::shared_ptr<const Model> Trainer::train() const {
    Space space{vocabulary_, seeds_, bags_};
    std::vector<Point> points;
    std::vector<Lesson> lessons;
    points.reserve(bags_.size());
    std::size_t labelled = 0;
    for (std::size_t i = 0; i < bags_.size(); ++i) {
        points.push_back(space.place(bags_[i]));
        lessons.push_back({.point = &points[i], .label = labels_[i]});
        labelled += labels_[i].has_value();
    }
    Training training{.examples = labelled, .documents = bags_.size() - labelled, .accuracy = std::nullopt};
    Bayes bayes{space, lessons};
    std::optional<Logistic> logistic;
    Blend blend;
    if (labelled >= trials_min) {
        const bool enough = labelled >= logistic_examples_min * space.classes();
        const auto calibrated = calibrate(trials_of(space, lessons, labelled, enough), enough);
        blend = calibrated.blend;
        training.accuracy = calibrated.accuracy;
        if (blend.logistic > 0) logistic.emplace(space, lessons);
    } else if (space.classes() > 0) {
        blend = guess_blend(bayes, lessons, space.classes());
    }
    return std::make_shared<const Model>(Model{vocabulary_, seeds_, std::move(space), std::move(bayes), std::move(logistic), blend, training});
}

}  // namespace detail

Classifier::Classifier(std::shared_ptr<const detail::Model> model) : model_{std::move(model)} {}

Classification Classifier::classify(std::string_view text) const { return model_->classify(text); }

const Training& Classifier::training() const { return model_->training; }

Learner::Learner(const Ontology& ontology) : trainer_{std::make_unique<detail::Trainer>(ontology)} {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;

bool Learner::example(std::string_view text, std::string_view concept_name) { return trainer_->example(text, concept_name); }

void Learner::observe(std::string_view text) { trainer_->observe(text); }

bool Learner::full() const { return trainer_->full(); }

Classifier Learner::train() const { return Classifier{trainer_->train()}; }

}  // namespace millrace::ontology
