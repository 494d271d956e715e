"""Mutates the scanner, and tells which mutants its quick tests notice.

    python tests/pii/mutants.py --count 120

A mutant is one change in a temporary copy of the package: an alternative of a pattern or a whole word class dropped, a bound
changed, a condition flipped, a number changed by one. Each runs in a process of its own: the sentences, the values, our own
cases and those of the grammars' edges; for a module that has more quick tests of its own, those too. Exit code 0: it ran; what
survived is listed for a person to look at, since some mutants change nothing that matters. Of those that cannot, the ones that
can be told by their form are not made: an alternative whose classes are in the set another time, and what `UNSEEN` lists.
"""

# ruff: noqa: T201 - what it prints is what it is for
from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import itertools
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from earwitness.privacy.scanner.alphabet import members

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "processors" / "earwitness" / "privacy"
SECONDS = 30
TESTS = (
    *("test_scanner_sentences", "test_scanner_edges", "test_scanner_normalise", "test_scanner_whole"),
    "test_scanner_cases",
)
_VALUES = ("test_privacy_normalise",)
MORE = {
    "own_words.py": ("test_scanner_own_words",),
    **dict.fromkeys(
        ("normalise.py", "pieces.py", "regroup.py", "address_form.py", "numbers.py", "number_words.py"), _VALUES
    ),
}
"""More tests of a module."""
SLOW = ("test_a_large_dictionary_costs_little_and_grows_with_the_text_only", "test_no_digit_of_any_script_is_too_much")
"""Tests that take a second or measure time, which a busy machine would fail."""
UNSEEN = {
    "CACHED_TOKENS": "how many classes are remembered: a full memory starts anew, with the same answers",
    "_CACHED_LENGTH": "how long a token is remembered for",
    "_SHORT_NUMERAL": "which numerals are remembered",
    "_REMEMBERED": "how much is remembered",
    "_REMEMBERED_LENGTH": "how much is remembered",
    "_REMEMBERED_TOKENS": "how much is remembered",
    "_BATCH_CHARS": "how many texts are read at once: each is read as if alone",
}
"""Constants of which a change, or one of a comparison with them, changes speed and memory but no answer; and why."""


class Mutant(NamedTuple):
    """One change."""

    module: str
    line: int
    what: str
    source: str


_FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def mutants(path: Path) -> Iterator[tuple[int, str, Callable[[], str]]]:
    """Each possible mutant of a module: line, what is changed, and how to make its source."""
    tree = ast.parse(path.read_text("utf-8"))
    documentation = {
        id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    }
    unseen = {id(part) for each in ast.walk(tree) if _is_unseen(each) for part in ast.walk(each)}
    for node in ast.walk(tree):
        if id(node) in documentation | unseen:
            continue
        for what, attribute, value in _changes(node, in_vocabulary=path.stem == "vocabulary"):
            yield getattr(node, "lineno", 0), what, _maker(tree, node, attribute, value)


def _is_unseen(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in UNSEEN for target in node.targets)
    if isinstance(node, ast.BoolOp):
        return all(map(_is_unseen, node.values))
    return isinstance(node, ast.Compare) and any(
        isinstance(each, ast.Name) and each.id in UNSEEN for each in node.comparators
    )


def _maker(tree: ast.Module, node: ast.AST, attribute: str, value: Any) -> Callable[[], str]:
    def make() -> str:
        before = getattr(node, attribute)
        setattr(node, attribute, value)
        try:
            return ast.unparse(ast.fix_missing_locations(tree))
        finally:
            setattr(node, attribute, before)

    return make


def _changes(node: ast.AST, *, in_vocabulary: bool) -> Iterator[tuple[str, str, Any]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _FLIPPED:
        other = _FLIPPED[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} is {other.__name__}", "ops", [other(), *node.ops[1:]]
    elif isinstance(node, ast.BoolOp):
        yield f"{type(node.op).__name__} is {_FLIPPED[type(node.op)].__name__}", "op", _FLIPPED[type(node.op)]()
    elif isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare | ast.BoolOp):
        yield "the condition is not", "test", ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} is {node.value + 1}", "value", node.value + 1
    elif isinstance(node, ast.Constant) and type(node.value) is str:
        for what, text in _text_changes(node.value, in_vocabulary=in_vocabulary):
            yield what, "value", text


def _text_changes(text: str, *, in_vocabulary: bool) -> Iterator[tuple[str, str]]:
    if in_vocabulary or (text.count(" ") > 5 and "<" not in text):
        words = text.split()
        if len(words) > 3:
            half = words[::2]
            yield f"without {' '.join(half[:4])} … ({len(half)} words)", " ".join(words[1::2])
        return
    for group in re.finditer(r"<([^<>^]+\|[^<>]+)>", text):
        names = group[1].split("|")
        for at, name in enumerate(names):
            others = names[:at] + names[at + 1 :]
            if set(members(name)) <= set("".join(map(members, others))):
                continue
            rest = "|".join(others)
            yield f"<{name}> dropped", f"{text[: group.start()]}<{rest}>{text[group.end() :]}"
    for bound in re.finditer(r"\{(\d+),(\d+)\}", text):
        low, high = int(bound[1]), int(bound[2])
        for fewer in {(low, max(low, high // 2)), (low + 1, max(low + 1, high))} - {(low, high)}:
            yield f"{bound[0]} is {fewer}", f"{text[: bound.start()]}{{{fewer[0]},{fewer[1]}}}{text[bound.end() :]}"
    for option in re.finditer(r"(?<=[>)])\?(?!\+)", text):
        yield "? dropped", text[: option.start()] + text[option.end() :]


def sampled(dice: random.Random, count: int) -> Iterator[Mutant]:
    """So many, spread over modules as they have places to change."""
    every = [
        (path, line, what, make)
        for path in sorted((SOURCE / "scanner").glob("*.py"))
        for line, what, make in mutants(path)
    ]
    print(f"{len(every)} mutants are possible; {count} are tried", file=sys.stderr)
    for path, line, what, make in dice.sample(every, count):
        yield Mutant(path.name, line, what, make())


def tried(mutant: Mutant | None) -> str:
    """Run the tests on it in a process of its own: what noticed it, or an empty text."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.write(write, _in_child(mutant).encode("utf-8", "replace")[:2000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        told = answer.read().decode()
    _, status = os.waitpid(child, 0)
    if status:
        return "time" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else "crash"
    return told


def _in_child(mutant: Mutant | None) -> str:
    signal.alarm(SECONDS)
    with tempfile.TemporaryDirectory() as directory:
        package = Path(directory) / "earwitness" / "privacy"
        shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            (package / "scanner" / mutant.module).write_text(mutant.source, "utf-8")
        sys.path.insert(0, directory)
        sys.dont_write_bytecode = True
        for name in [name for name in sys.modules if name.partition(".")[0] in ("earwitness", "pii")]:
            del sys.modules[name]  # the copy is meant from here on
        more = [name for names in MORE.values() for name in names] if mutant is None else MORE.get(mutant.module, ())
        try:
            _check_is_copy(package)
            for name in (*TESTS, *more):
                _run(importlib.import_module(name))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the mutant was noticed
            place = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} {place.name}"
    return ""


def _check_is_copy(package: Path) -> None:
    """A mutant that is not what the tests import would survive whatever it is."""
    scanner = importlib.util.find_spec("earwitness.privacy.scanner")
    if scanner is None or scanner.origin is None or not Path(scanner.origin).is_relative_to(package):
        raise ImportError("the tests do not import the copy")


def _run(module: Any) -> None:
    """A module's tests without pytest, which takes longer than they do: plain functions, cases, and one fixture."""
    scanner = module.Scanner() if hasattr(module, "Scanner") else None
    for name, test in vars(module).items():
        if not name.startswith("test_") or name in SLOW:
            continue
        cases: list[dict[str, Any]] = [{}]
        for mark in getattr(test, "pytestmark", ()):
            names, values = mark.args
            names = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
            rows = [value if len(names) > 1 else (value,) for value in values]
            cases = [case | dict(zip(names, row, strict=True)) for case, row in itertools.product(cases, rows)]
        for case in cases:
            test(
                **(
                    case
                    | (
                        {"scanner": scanner}
                        if "scanner" in test.__code__.co_varnames[: test.__code__.co_argcount]
                        else {}
                    )
                )
            )


def main() -> int:
    """Try a sample; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT / "tests" / "unit"), str(ROOT / "tests")]
    importlib.import_module("pytest")
    begun = time.monotonic()
    untouched = tried(None)
    if untouched:
        print(f"the tests fail without any change: {untouched}", file=sys.stderr)
        return 2
    counts: Counter[str] = Counter()
    for mutant in sampled(random.Random(options.seed), options.count):
        noticed = tried(mutant)
        counts["noticed" if noticed else "survived"] += 1
        if not noticed:
            print(f"survived  {mutant.module}:{mutant.line}  {mutant.what}", flush=True)
    print(json.dumps(dict(counts) | {"seconds": round(time.monotonic() - begun)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
