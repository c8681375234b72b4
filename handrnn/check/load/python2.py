"""Python 2 read by its meaning: the same text, line by line, as Python 3 has it.

Only the language is translated: ``/`` divides as in Python 3.
"""

import re

NOTE = "written for Python 2: read as Python 3"

# what only Python 2 has, and how Python 3 says it
SUPPLIED = {
    "xrange": "xrange = range",
    "raw_input": "raw_input = input",
    "unicode": "unicode = str",
    "basestring": "basestring = str",
    "unichr": "unichr = chr",
    "long": "long = int",
    "reduce": "from functools import reduce",
    "cmp": "cmp = lambda a, b: (a > b) - (a < b)",
    "map": "map = lambda *given, map=map: list(map(*given))",
    "filter": "filter = lambda *given, filter=filter: list(filter(*given))",
    "zip": "zip = lambda *given, zip=zip: list(zip(*given))",
}
SIGNS = {"xrange", "raw_input", "unicode", "basestring", "unichr"}
MOVED = {  # (module, name): where it is now
    ("itertools", "izip"): ("builtins", "zip"),
    ("itertools", "imap"): ("builtins", "map"),
    ("itertools", "ifilter"): ("builtins", "filter"),
    ("itertools", "izip_longest"): ("itertools", "zip_longest"),
    ("cPickle", None): ("pickle", None),
    ("Queue", None): ("queue", None),
}
METHODS = re.compile(r"(?<!six)\.(?:(?:iter|view)(items|keys|values)|has_key)(?=\s*\()")

LITERAL = re.compile(
    r"""(?:\b[uUbBrRfF]{1,2})?
        (?:\"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?'''
        | \"(?:[^\\\"\n]|\\.)*\" | '(?:[^\\'\n]|\\.)*')
      | \#[^\n]*""",
    re.VERBOSE | re.DOTALL,
)
HIDDEN = re.compile(r"[\ue000\ue001](\d+)\ue002")  # a literal, or a comment
SPELT = (  # in text without literals
    (re.compile(r"<>"), "!="),
    (re.compile(r"`([^`\n]+)`"), r"repr(\1)"),
    (re.compile(r"(?<![\w.])0+([1-7][0-7]*)(?![\w.])"), r"0o\1"),
    (re.compile(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)[lL]\b"), r"\1"),
    (re.compile(r"^([ \t]*except\s[^:\n]+?)\s*,\s*(\w+)\s*:", re.MULTILINE), r"\1 as \2:"),
    (re.compile(r"^([ \t]*raise\s+[\w.]+)\s*,\s*([^\n\ue001]+)", re.MULTILINE), r"\1(\2)"),
    (re.compile(r"\bsys\.maxint\b"), "sys.maxsize"),
    (METHODS, lambda found: f".{found[1] or '__contains__'}"),
)
INDENTED = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)
STEP = re.compile(r"[([{]|[)\]}]|\\\n|[\n;:\ue001]|(?<![\w.])(?:print|exec)\b(?![ \t]*[=.])|\Z")


def translated(source: str) -> str:
    """The same program for Python 3; what is none of Python 2's stays as it is."""
    literals: list[str] = []

    def hide(found: re.Match) -> str:
        literals.append(re.sub(r"^[uU](?=[rR])", "", found[0]))
        opening = "\ue001" if found[0][0] == "#" else "\ue000"
        return f"{opening}{len(literals) - 1}\ue002"

    text = LITERAL.sub(hide, source)
    text = INDENTED.sub(lambda found: found[0].expandtabs(8), text)
    for pattern, now in SPELT:
        text = pattern.sub(now, text)
    return HIDDEN.sub(lambda found: literals[int(found[1])], _with_calls(text))


def _with_calls(text: str) -> str:
    """``print x`` and ``exec x in y`` as calls."""
    done, written, depth, after, keyword = [], 0, 0, 0, None
    for step in STEP.finditer(text):
        what = step[0]
        if what in ("print", "exec"):
            if keyword is None and not depth and not text[after : step.start()].strip():
                keyword = step
        elif what and what in "([{":
            depth += 1
        elif what and what in ")]}":
            depth = max(depth - 1, 0)
        elif what != "\\\n" and not depth and not (keyword and what == ":"):
            if keyword:
                call = _call(keyword[0], text[keyword.end() : step.start()])
                done += [text[written : keyword.start()], call]
                written = step.start()
            after, keyword = step.end(), None
    return "".join([*done, text[written:]])


def _call(keyword: str, given: str) -> str:
    """The call that one statement is."""
    what = given.strip()
    if _is_bracketed(what):
        return keyword + given
    blank = given[len(given.rstrip()) :]
    if keyword == "exec":
        return f"exec({', '.join(re.split(r'[ ]in[ ]', what, maxsplit=1))}){blank}"
    stream = re.match(r">>\s*([\w.]+)\s*,?", what)
    what = what[stream.end() :] if stream else what
    more = ', end=" "' if what.endswith(",") else ""
    more += f", file={stream[1]}" if stream else ""
    what = what.strip().removesuffix(",")
    return f"print({what}{more if what else more[2:]}){blank}"


def _is_bracketed(text: str) -> bool:
    """Whether one pair of brackets holds all of it."""
    depth = 0
    for n, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if not depth:
            return sign == ")" and n == len(text) - 1
    return False
