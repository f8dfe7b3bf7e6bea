// Writes a C++ file that holds all files of a folder, those that shrink also as gzip: embed_ui.mjs FOLDER OUT.cpp
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { constants, gzipSync } from "node:zlib";

const [folder, out] = process.argv.slice(2);
const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith(".gz"))
  .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
  .sort();

for (const name of [...names]) {
  if (name.endsWith(".html")) continue;
  const text = readFileSync(join(folder, name));
  const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION });
  if (packed.length > text.length * 0.9) continue;
  writeFileSync(join(folder, `${name}.gz`), packed);
  names.push(`${name}.gz`);
}

const section = names.map((name, i) => `.balign 16\nmillrace_ui_${i}:\n.incbin "${join(folder, name)}"\nmillrace_ui_${i}_end:\n.byte 0\n`);
const symbols = names.map((_, i) => `extern __attribute__((visibility("hidden"))) const char millrace_ui_${i}[], millrace_ui_${i}_end[];`);
const entries = names.map((name, i) => `        {"${name}", {millrace_ui_${i}, static_cast<std::size_t>(millrace_ui_${i}_end - millrace_ui_${i})}},`);
const globals = names.map((_, i) => `.globl millrace_ui_${i}\n.globl millrace_ui_${i}_end\n.hidden millrace_ui_${i}\n.hidden millrace_ui_${i}_end\n`);

writeFileSync(out, `#include <span>

#include "base/embedded.hpp"

asm(R"__asm__(
.section .rodata
${globals.join("")}${section.join("")}.previous
)__asm__");

extern "C" {
${symbols.join("\n")}
}

namespace millrace {

std::span<const Embedded> dashboard();
std::span<const Embedded> dashboard() {
    static const Embedded files[] = {
${entries.join("\n")}
    };
    return files;
}

}  // namespace millrace
`);
