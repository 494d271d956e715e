"""What one installation says about its free text: how carefully it is read, and its own words."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.privacy.dictionary import NO_WORDS, Dictionary
from earwitness.runtime.setting_values import Preset
from earwitness.runtime.settings import Settings

__all__ = ["USUAL", "Preset", "Site"]


@dataclass(frozen=True)
class Site:
    """One installation's own rules for free text.

    Attributes:
        preset: how texts are read: `strict`, `balanced`, or `whole` to mask every text altogether.
        dictionary: its own people, and what is nobody's secret there.
    """

    preset: Preset = "balanced"
    dictionary: Dictionary = NO_WORDS

    def __str__(self) -> str:
        words = self.dictionary
        return (
            f"preset {self.preset}, dictionary {f'of {len(words)} entries ({words.fingerprint})' if words else 'none'}"
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> Site:
        """As settings say it.

        Raises:
            SettingsError: the dictionary cannot be read, or something in it is wrong.
        """
        return cls(settings.privacy_preset, Dictionary.load(settings.privacy_dictionary))


USUAL = Site()
"""Of an installation that says nothing."""
