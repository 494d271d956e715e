"""A forked child has no worker thread, and a producer that swallows events: each client starts anew there."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from functools import cache
from typing import Final, Protocol

__all__ = ["Follower", "Turns", "follow"]

_YIELD_SECONDS = 0.0005


class Follower(Protocol):
    """What has to start anew in a forked child."""

    def before_fork(self) -> list[Callable[[], None]]:
        """Take the locks that the child will need; gives what releases them, in parent and child, the last one first."""

    def after_fork_in_child(self) -> object:
        """Start anew; gives back what belongs to the parent."""


class Turns:
    """A worker's turns, between which the process may fork.

    SQLite and librdkafka have locks of the whole process. A child that is forked while the worker holds one of them finds
    it locked for ever, and its own worker would wait for it when it opens its spool: 6 of 1,500 children did.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_wanted = False

    def __enter__(self) -> None:
        while self._is_wanted:  # the lock is not fair
            time.sleep(_YIELD_SECONDS)
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def hold(self, seconds: float) -> Callable[[], None] | None:
        """Wait for the end of the turn, and let no other begin; gives what lets them go on, None if it took too long."""
        self._is_wanted = True
        try:
            return self._lock.release if self._lock.acquire(timeout=seconds) else None
        finally:
            self._is_wanted = False


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
    for follower in list(_FOLLOWERS):
        _RELEASES.extend(follower.before_fork())


def _after_fork_in_child() -> None:
    try:
        _INHERITED.extend(follower.after_fork_in_child() for follower in list(_FOLLOWERS))
    finally:
        _release()


def _release() -> None:
    while _RELEASES:
        _RELEASES.pop()()
    _FORKING.release()
