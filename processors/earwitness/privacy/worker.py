"""The privacy worker: one Faust app over all raw topics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from earwitness.privacy.keyring import KeyRing
from earwitness.privacy.raw_schemas import RawSchemas
from earwitness.privacy.site import Site
from earwitness.privacy.step import MaskingStep
from earwitness.privacy.tally import Tally
from earwitness.runtime.settings import Settings
from earwitness.runtime.topic_names import MASKED, RAW
from earwitness.schemas.catalogue import FAMILIES
from earwitness.schemas.wire import wire_ids
from earwitness.stream import QuarantineKey, run_stage

__all__ = ["run"]

logger = logging.getLogger(__name__)


def run(settings: Settings, on_ready: Callable[[], None]) -> int:
    """Mask until SIGTERM; returns the exit code.

    Raises:
        SettingsError: the broker, the masking key or the quarantine key is missing or unusable, or the site dictionary is wrong.
        RegistryAwayError: the registry is away, and was never asked for the records that this stage writes.
    """
    kafka = settings.need_kafka()
    keys = KeyRing.load(settings.masking)
    quarantine = QuarantineKey.from_file(settings.quarantine_key_file)
    site = Site.from_settings(settings)
    ids = wire_ids(settings.registry)
    logger.info("masking with key %s", keys)
    overdue = keys.overdue(int(time.time() * 1000))
    if overdue is not None:
        logger.warning("%s", overdue)
    logger.info("free text: %s", site)
    schemas = RawSchemas(keys.eras(keep_region=settings.masking.keep_region), ids, site=site)
    tally = Tally(MaskingStep(schemas), schemas.texts.counts, logger)
    try:
        return run_stage(
            "privacy",
            [RAW + family for family in FAMILIES],
            tally,
            kafka=kafka,
            mirrors={RAW + family: MASKED + family for family in FAMILIES},
            quarantine=quarantine,
            wire_ids=ids,
            on_ready=on_ready,
        )
    finally:
        tally.tell()
