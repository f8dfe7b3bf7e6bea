#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

/// Progress of several files at once: bars that move on a terminal, a line per stage elsewhere.
namespace millrace::cli {

enum class ProgressMode { live, plain, json, none };

/// What --progress says; auto is live on a terminal, else plain. Throws Error{usage}.
ProgressMode progress_mode(const std::string& word, const Terminal& terminal);

/// Where one file is.
struct Bar {
    std::string name;
    std::string stage;           ///< "upload", "parsed", ...; "upload" counts bytes, all others percent
    int percent = 0;             ///< of the job
    std::uint64_t done = 0;      ///< bytes sent
    std::uint64_t total = 0;     ///< bytes to send
    double seconds = 0;          ///< since the file was begun
};

/// One line of at most `terminal.width - 1` columns, so that no terminal wraps it.
std::string bar_line(const Bar& bar, const Terminal& terminal);

/// Shows bars of files that are under way below the lines of those that have ended. Safe from any thread.
class Progress {
public:
    using Now = std::function<std::chrono::steady_clock::time_point()>;

    /// `write` takes what is shown (stderr outside tests).
    Progress(ProgressMode mode, Terminal terminal, std::function<void(std::string_view)> write,
             Now now = std::chrono::steady_clock::now);
    /// Takes bars that are left off the screen and shows the cursor again.
    ~Progress();

    /// A new bar; its number for the calls below.
    std::size_t begin(const std::string& name, std::uint64_t total_bytes);
    void sent(std::size_t bar, std::uint64_t bytes);
    void stage(std::size_t bar, const std::string& stage, int percent);
    /// The file has ended: `line` stays on the screen.
    void end(std::size_t bar, const std::string& line);
    /// A line for people above the bars.
    void note(const std::string& line);

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Item {
        Bar bar;
        Time begun;
        bool active = true;
        int noted_tenth = -1;  ///< of the upload, in plain mode
    };

    void draw(bool now);
    std::string erase();
    void say(const Item& item);

    const ProgressMode mode_;
    const Terminal terminal_;
    const std::function<void(std::string_view)> write_;
    const Now now_;
    std::mutex mutex_;
    std::vector<Item> items_;
    int drawn_ = 0;  ///< lines of bars on the screen now
    Time last_{};
};

}  // namespace millrace::cli
