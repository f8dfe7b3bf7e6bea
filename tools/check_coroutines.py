#!/usr/bin/env python3
"""g++ 12 compiles some co_await expressions to objects that are destroyed twice or lost. Each co_await is therefore a
statement of its own, with operands that are names, scalars or calls:

    co_await f(x);      value = co_await f(x);      const bool value = co_await f(x);

Refused: co_await inside a condition, a loop head, an argument, return, ?:, && or ||; in a catch block; with braces or a
lambda among its operands; and anywhere outside src/http. A check of the text, not of the language: it errs on the side
of refusing."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = "src/http"
# What may stand before co_await in its statement: nothing, `name =`, or a declaration `type name =`.
BEFORE = re.compile(r"^(?:(?:const\s+)?[\w:<>,\s*&.\->]*?[\w\])]\s*=\s*)?$")
# A statement that an `if` or `else` governs is a statement of its own too.
GOVERNS = re.compile(r"^\s*(?:else\b|(?:if|while)\s*(?:constexpr\s*)?\()")


def blank(text):
    """The text with comments and literals replaced by spaces, line breaks kept."""
    pattern = re.compile(r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def without_governor(head):
    """Cuts `if (...)`, `while (...)` and `else` off the front of a statement."""
    while GOVERNS.match(head):
        opening = head.find("(")
        if head.lstrip().startswith("else"):
            head = head.lstrip()[4:]
            continue
        depth = 0
        for at in range(opening, len(head)):
            depth += {"(": 1, ")": -1}.get(head[at], 0)
            if depth == 0:
                break
        else:
            return head  # co_await stands inside the condition
        head = head[at + 1:]
    return head


def catch_blocks(text):
    for match in re.finditer(r"\bcatch\s*\([^)]*\)\s*\{", text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield match.end(), at


def problems_in(text):
    """(line, what) of every co_await that is not on its own."""
    text = blank(text)
    catches = list(catch_blocks(text))
    for match in re.finditer(r"\bco_await\b", text):
        line = text.count("\n", 0, match.start()) + 1
        begin = max(text.rfind(c, 0, match.start()) for c in ";{}") + 1
        end = text.find(";", match.start())
        before, after = text[begin:match.start()], text[match.end():end if end >= 0 else len(text)]
        if not BEFORE.match(without_governor(before).strip()):
            yield line, "co_await is not a statement of its own"
        elif "{" in after:
            yield line, "co_await has braces or a lambda among its operands"
        elif re.search(r"(?<![\w\])])\s*\[", after):
            yield line, "co_await has a lambda among its operands"
        elif re.search(r"\?|&&|\|\||\bco_await\b", after):
            yield line, "co_await is part of a larger expression"
        elif any(first <= match.start() < last for first, last in catches):
            yield line, "co_await in a catch block"


def check_tree():
    found, count = [], 0
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".cpp", ".hpp"):
            continue
        text = path.read_text()
        name = path.relative_to(ROOT).as_posix()
        uses = re.findall(r"\bco_(?:await|return|yield)\b", blank(text))
        if uses and not name.startswith(HOME + "/"):
            found.append(f"{name}: a coroutine outside {HOME}")
        count += uses.count("co_await")
        found += [f"{name}:{line}: {what}" for line, what in problems_in(text)]
    return found, count


GOOD = [
    "co_await f(x);",
    "  const bool more = co_await f(x, 1);",
    "block = co_await loop_.blocks.take();",
    "if (ok) co_await f(x);",
    "else co_await f(x);",
    "while (writing_ && (a || b)) co_await written_.wait();",
    "if (end == End::complete) end = co_await pump();",
    "Blocks::Block block = co_await take(a[1]);",
    "std::optional<int> x = co_await f();",
    "// if (co_await f()) is wrong\nco_await f();",
    'co_await f("{?");',
]
BAD = [
    "if (co_await f(x)) g();",
    "while (co_await f(x)) {}",
    "for (auto x = co_await f(); x;) {}",
    "g(co_await f(x));",
    "return co_await f(x);",
    "co_return co_await f(x);",
    "auto x = c ? co_await f() : g();",
    "auto x = co_await f() && g();",
    "auto x = co_await f(c ? 1 : 2);",
    "auto x = a || co_await f();",
    "co_await f({1, 2});",
    "co_await Thing{1};",
    "co_await f([x] { g(x); });",
    "co_await f([](int){ return 1; });",
    "co_await f(co_await g());",
    "auto x = 1 + co_await f();",
    "try { g(); } catch (const E& e) { log(e); co_await f(); }",
]


def self_test():
    wrong = [f"refused, but is fine: {text}" for text in GOOD if list(problems_in(text))]
    wrong += [f"passed, but is wrong: {text}" for text in BAD if not list(problems_in(text))]
    return wrong


def main():
    wrong = self_test() if "--self-test" in sys.argv else []
    found, count = check_tree()
    for line in wrong + found:
        print(line)
    if count == 0:
        print("no co_await was found: is the check looking in the right place?")
    print(f"check_coroutines: {count} uses, {len(wrong) + len(found)} problems")
    return 1 if wrong or found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
