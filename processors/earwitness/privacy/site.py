"""What one installation says about its free text: how carefully it is read, and which words are nobody's secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["USUAL", "Preset", "Site"]

Preset = Literal["strict", "balanced", "whole"]


@dataclass(frozen=True)
class Site:
    """One installation's own rules for free text.

    Attributes:
        preset: how texts are read: `strict`, `balanced`, or `whole` to mask every text altogether.
        keep: words and values that are nobody's secret: the site's own numbers, names and ids.
    """

    preset: Preset = "balanced"
    keep: frozenset[str] = frozenset()


USUAL = Site()
"""Of an installation that says nothing."""
