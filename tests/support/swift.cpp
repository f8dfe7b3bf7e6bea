#include "swift.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace millrace::test {

Swift::Swift() {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error{"pipe failed"};
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::execlp("python3", "python3", MILLRACE_SOURCE_DIR "/tests/support/swift.py", bucket, nullptr);
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = ::fdopen(in[1], "w");
    std::string line;
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(out[0]);
    if (line.starts_with("skipped:")) missing_ = line;
    else if (line.starts_with("http")) url_ = line;
    else throw std::runtime_error{"Swift did not start"};
    child_ = child;
}

Swift::~Swift() {
    std::fclose(input_);
    ::waitpid(child_, nullptr, 0);
}

}  // namespace millrace::test
