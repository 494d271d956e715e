"""Personal data in free text, however it is said: spoken, spelled, typed or mixed, English and Spanish."""

from earwitness.privacy.scanner import normalise
from earwitness.privacy.scanner.scanner import MAX_CHARS, Scanner, Span

__all__ = ["MAX_CHARS", "Scanner", "Span", "normalise"]
