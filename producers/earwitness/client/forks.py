"""A forked child has no worker thread, and a producer that swallows events: each client starts anew there."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from functools import cache
from typing import Final, Protocol

__all__ = ["Follower", "follow"]


class Follower(Protocol):
    """What has to start anew in a forked child."""

    def before_fork(self) -> Callable[[], None] | None:
        """Take the locks that the child will need; gives what releases them, in parent and child."""

    def after_fork_in_child(self) -> object:
        """Start anew; gives back what belongs to the parent."""


_FOLLOWERS: Final[weakref.WeakSet[Follower]] = weakref.WeakSet()
_INHERITED: Final[list[object]] = []
"""The parent's producers. To destroy one here would wait for threads that exist in the parent only."""
_FORKING: Final = threading.RLock()
_RELEASES: Final[list[Callable[[], None]]] = []
"""For the fork that is under way; `_FORKING` guards it."""


def follow(follower: Follower) -> None:
    """Have it start anew in every child that is forked from now on."""
    _FOLLOWERS.add(follower)
    _register()


@cache
def _register() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_release, after_in_child=_after_fork_in_child)


def _before_fork() -> None:
    _FORKING.acquire()
    _RELEASES.extend(release for each in list(_FOLLOWERS) if (release := each.before_fork()) is not None)


def _after_fork_in_child() -> None:
    try:
        _INHERITED.extend(follower.after_fork_in_child() for follower in list(_FOLLOWERS))
    finally:
        _release()


def _release() -> None:
    while _RELEASES:
        _RELEASES.pop()()
    _FORKING.release()
