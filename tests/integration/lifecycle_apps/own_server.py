"""uvicorn inside a script of the app's own, without the client's lifespan."""

from __future__ import annotations

import sys

import uvicorn
from asgi_app import app

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
