"""Where the masking keys come from, and what their tokens say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from earwitness.runtime.errors import SettingsError
from earwitness.runtime.secret import PREFIX, read_private_file
from earwitness.runtime.setting_values import boolean, path

__all__ = ["NAMES", "MaskingSettings"]

NAMES: Final = frozenset({"masking_key_file", "masking_key_command", "masking_keep_region"})
"""The settings that this module reads."""


@dataclass(frozen=True)
class MaskingSettings:
    """Settings of the masking keys.

    Attributes:
        key_file: a file with mode 0600 that holds the keys.
        key_command: a program and its arguments that prints them; instead of the file.
        keep_region: a phone's token says its country and, in North America, its area code.
    """

    key_file: Path | None = None
    key_command: tuple[str, ...] | None = None
    keep_region: bool = False

    @classmethod
    def read(cls, values: Mapping[str, str]) -> MaskingSettings:
        """The settings by their names in lower case without the prefix.

        Raises:
            SettingsError: one cannot be used, or file and command are both given.
        """
        given = values.get("masking_key_command")
        if given and values.get("masking_key_file"):
            raise SettingsError(
                f"{PREFIX}MASKING_KEY_FILE and {PREFIX}MASKING_KEY_COMMAND are both set; keys come from one of them"
            )
        return cls(
            key_file=path(values.get("masking_key_file")),
            key_command=_command(given) if given else None,
            keep_region=boolean("masking_keep_region", values.get("masking_keep_region", "0")),
        )

    @property
    def has_keys(self) -> bool:
        """Whether it is said where keys come from."""
        return self.key_file is not None or self.key_command is not None

    def secret(self) -> tuple[bytes, str]:
        """The text that holds the keys, and where it comes from.

        Raises:
            SettingsError: nothing is said, or it cannot be had.
        """
        if self.key_command is not None:
            from earwitness.runtime.secret_command import output_of

            return output_of(self.key_command, setting="masking_key_command"), self.key_command[0]
        if self.key_file is not None:
            return read_private_file(self.key_file, setting="masking_key_file"), str(self.key_file)
        raise SettingsError(
            f"no masking key is configured; set {PREFIX}MASKING_KEY_FILE to a file with mode 0600 that holds: "
            "k1:<base64 of 32 random bytes>",
        )


def _command(value: str) -> tuple[str, ...] | None:
    from earwitness.runtime.secret_command import command  # not in the client inside of an app, which has no keys

    return command("masking_key_command", value)
