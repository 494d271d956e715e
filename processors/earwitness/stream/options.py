"""How much a stage reads, holds and waits for."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.runtime.errors import SettingsError

__all__ = ["SliceOptions"]


@dataclass(frozen=True, slots=True)
class SliceOptions:
    """Sizes and times of one stage. The defaults were measured.

    A worker holds about `buffered_slices` slices and one fetch of each partition.

    Attributes:
        max_slice: records of one partition in one slice; bounds how long the event loop is held by one `process`.
        max_poll: records that one poll hands over, over all partitions.
        buffered_slices: slices that wait in front of the stage.
        max_in_flight: records whose outputs are not confirmed yet; nothing new is begun beyond it.
        partition_fetch_bytes: what one fetch takes of one partition. Larger starves the other partitions.
        fetch_min_bytes: the broker answers a fetch when it has so much …
        fetch_max_wait_seconds: … or after so long: the linger, so the latency of a trickle.
        commit_seconds: how often offsets are committed; what comes twice after a crash is about this times rate.
        session_seconds: a dead worker's partitions are free after this.
        heartbeat_seconds: how often it says that it lives.
        rebalance_seconds: how long the group waits for a member; must exceed `stall_seconds`.
        stall_seconds: without one confirmation for so long the stage gives up and ends.
    """

    max_slice: int = 2000
    max_poll: int = 5000
    buffered_slices: int = 16
    max_in_flight: int = 16_000
    partition_fetch_bytes: int = 1 << 20
    fetch_min_bytes: int = 64 << 10
    fetch_max_wait_seconds: float = 0.25
    commit_seconds: float = 0.5
    session_seconds: float = 10.0
    heartbeat_seconds: float = 3.0
    rebalance_seconds: float = 60.0
    stall_seconds: float = 45.0

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            SettingsError: a value is not positive, or two contradict each other.
        """
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; give a value above 0")
        if self.max_slice > self.max_in_flight:
            raise SettingsError(f"max_slice ({self.max_slice}) is above max_in_flight ({self.max_in_flight})")
        if self.heartbeat_seconds * 2 > self.session_seconds:
            raise SettingsError(
                "heartbeat_seconds must be at most half of session_seconds, or one lost heartbeat expels"
            )
        if self.stall_seconds >= self.rebalance_seconds:
            raise SettingsError("stall_seconds must be below rebalance_seconds, or a stalled worker is expelled first")
