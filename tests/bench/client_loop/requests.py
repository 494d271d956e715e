"""What a request of a voice app does, apart from waiting: read a form, six steps with an event each, answer.

Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import time
from array import array
from urllib.parse import parse_qsl

from client_systems.event import Emit, give

EVENTS = 6
FORM = (
    b"CallSid=CA0123456789abcdef0123456789abcdef&AccountSid=AC5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e&From=%2B12025550142"
    b"&To=%2B12025550100&CallStatus=in-progress&ApiVersion=2010-04-01&Direction=inbound&SpeechResult=four+eight+two+one"
    b"+three&Confidence=0.91&Language=en-US&CallerCity=&CallerState=DC&CallerZip=&CallerCountry=US"
)
TWIML = "<Response><Gather input='speech dtmf'><Say>{}</Say></Gather></Response>"


async def serve(body: bytes, emit: Emit | None, spent: array[int]) -> bytes:
    """One request; between its steps other requests have their turn, as when it waits for Redis or Airtable.

    Args:
        body: its form.
        emit: takes its events; None: there are none.
        spent: takes the nanoseconds of all its events together.
    """
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    taken = 0
    for step in range(EVENTS):
        state = json.dumps({"call": form["CallSid"], "step": step, "said": form["SpeechResult"]})
        if emit is not None:
            began = time.perf_counter_ns()
            give(emit)
            taken += time.perf_counter_ns() - began
        await asyncio.sleep(0)
    spent.append(taken)
    return TWIML.format(state).encode()
