#include "capture/detail/root.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace millrace::capture::detail {
namespace {

namespace fs = std::filesystem;

/// Where the new root is made; any directory that is always there.
const std::string place = "/tmp";

std::string failed(const std::string& what) { return what + ": " + std::strerror(errno); }

bool bind(const std::string& from, const std::string& to) { return ::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0; }

/// Shows a file or directory of the machine at the same path. What the machine does not have is left out.
bool show(const std::string& path) {
    struct stat what{};
    if (::lstat(path.c_str(), &what) != 0) return true;
    const auto target = place + path;
    std::error_code error;
    fs::create_directories(fs::path{target}.parent_path(), error);
    if (S_ISLNK(what.st_mode) && fs::path{path}.parent_path() == "/") {
        fs::copy_symlink(path, target, error);
        return !error;
    }
    if (fs::is_directory(path, error)) {
        fs::create_directories(target, error);
    } else {
        const int made = ::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (made >= 0) ::close(made);
    }
    return bind(path, target);
}

}  // namespace

std::string enter_root(const std::string& browser) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("the mounts cannot be made private");
    if (::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=512m,mode=0755") != 0) return failed("no file system in memory");
    for (const char* path : {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc/fonts", "/etc/ssl", "/etc/ld.so.cache", "/etc/localtime",
                             "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/alternatives", "/var/cache/fontconfig", "/dev/null", "/dev/zero",
                             "/dev/full", "/dev/random", "/dev/urandom"}) {
        if (!show(path)) return failed(path);
    }
    const auto home = fs::path{browser}.parent_path().string();
    if (!home.starts_with("/usr/") && !show(home)) return failed(home);
    std::error_code error;
    for (const char* path : {"/proc", "/tmp", "/dev/shm", "/old"}) fs::create_directories(place + path, error);
    for (const char* path : {"/tmp", "/dev/shm"}) ::chmod((place + path).c_str(), 01777);
    if (::mount("proc", (place + "/proc").c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return failed("no /proc of its own");
    if (::syscall(SYS_pivot_root, place.c_str(), (place + "/old").c_str()) != 0 || ::chdir("/") != 0) return failed("no root of its own");
    if (::umount2("/old", MNT_DETACH) != 0) return failed("the old root cannot be left");
    ::rmdir("/old");
    return {};
}

}  // namespace millrace::capture::detail
