"""Run the example: `python examples/voice_app/main.py --port 8000`.

Reads VOICE_APP_… and EARWITNESS_… from the environment (see README.md), prints one line when it serves, and stops on
SIGTERM or Ctrl-C after the last events have been handed over.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from typing import NoReturn

import uvicorn
from voice_app.app import create_app
from voice_app.settings import Settings, WrongSettingError
from voice_app.stand_ins.sample_world import sample_backends

from earwitness.client import AuditClient
from earwitness.runtime.errors import SettingsError


class AnnouncingServer(uvicorn.Server):
    """Says where it serves as soon as it does: with --port 0 nobody could know otherwise."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        for one in sockets or ():
            host, port = one.getsockname()[:2]
            sys.stdout.write(f"voice app listens on http://{host}:{port}\n")
            sys.stdout.flush()


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _stop(message: str) -> NoReturn:
    sys.stderr.write(f"voice app: {message}\n")
    sys.exit(2)


def main() -> None:
    """Start the app and serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port to listen on, 0: a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--airtable-rate",
        type=_at_least_one,
        default=5,
        help="requests a second that the stand-in for Airtable takes (default: %(default)s)",
    )
    parser.add_argument("--drill", action="store_true", help="let the stand-ins fail now and then")
    arguments = parser.parse_args()

    # uvicorn raises the signal again once it has stopped; a stop that was asked for is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    where = f"{arguments.host}:{arguments.port}"
    try:
        listener = socket.create_server((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        _stop(f"cannot listen on {where}: {reason}; give another --host or --port")
    try:
        port = listener.getsockname()[1]
        settings = Settings.from_environment(os.environ, listens_on=f"http://{arguments.host}:{port}")
        audit = AuditClient.from_env(service="ivr")
    except (WrongSettingError, SettingsError) as error:
        _stop(str(error))
    # Yours go here: classes around your Airtable, Redis and S3 clients with the methods of Jobs, CallStates and Storage.
    backends = sample_backends(requests_a_second=arguments.airtable_rate, drill=arguments.drill)
    app = create_app(audit, settings, backends)
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    AnnouncingServer(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
