#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>

namespace millrace::test {

/// The throw-away S3 of support/swift.py, with one bucket. Ends with this process, however that ends.
class Swift {
public:
    Swift();
    ~Swift();
    Swift(const Swift&) = delete;
    Swift& operator=(const Swift&) = delete;

    static constexpr const char* bucket = "objects";
    static constexpr const char* access_key = "test:tester";
    static constexpr const char* secret_key = "testing-secret";

    const std::string& url() const { return url_; }
    /// Why there is none; empty when there is.
    const std::string& missing() const { return missing_; }

private:
    std::FILE* input_ = nullptr;  ///< of the program: it ends when this does
    pid_t child_ = -1;
    std::string url_;
    std::string missing_;
};

}  // namespace millrace::test
