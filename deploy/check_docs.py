"""Checks that every relative link in the documentation leads to a file, and every anchor to a heading."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_HEADING = re.compile(r"(?m)^#+\s+(.*)$")


def main() -> int:
    """Print a line a broken link; returns the exit code."""
    pages = [
        path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]
    problems = [problem for page in sorted(pages) for problem in _broken(page)]
    for problem in problems:
        print(problem)
    print(f"documentation: {len(pages)} pages, {len(problems)} broken links")
    return 1 if problems else 0


def _broken(page: Path) -> list[str]:
    problems = []
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            problems.append(f"{page.relative_to(ROOT)}: {target} leads nowhere")
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            problems.append(f"{page.relative_to(ROOT)}: {target} names a heading that is not there")
    return problems


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_CODE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
