#pragma once

namespace millrace::cli {

/// The whole program: reads the command line, does what it says and answers the exit status. Prints every error.
int run(int argc, char** argv);

}  // namespace millrace::cli
