"""A forked child has no worker thread, and a producer that swallows events: each client starts anew there."""

from __future__ import annotations

import os
import weakref
from functools import cache
from typing import Final, Protocol

__all__ = ["Follower", "follow"]


class Follower(Protocol):
    """What has to start anew in a forked child."""

    def after_fork_in_child(self) -> object:
        """Start anew; gives back what belongs to the parent."""


_FOLLOWERS: Final[weakref.WeakSet[Follower]] = weakref.WeakSet()
_INHERITED: Final[list[object]] = []
"""The parent's producers. To destroy one here would wait for threads that exist in the parent only."""


def follow(follower: Follower) -> None:
    """Have it start anew in every child that is forked from now on."""
    _FOLLOWERS.add(follower)
    _register()


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork_in_child)


def _after_fork_in_child() -> None:
    _INHERITED.extend(follower.after_fork_in_child() for follower in list(_FOLLOWERS))
