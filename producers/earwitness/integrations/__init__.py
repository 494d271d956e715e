"""What joins the client to what an app is built with. Each module imports its own framework, and nothing imports it but you.

| module | for |
|---|---|
| `asgi` | middleware for FastAPI, Starlette, Quart and others |
| `fastapi` | a dependency that gives a checked, typed webhook |
| `flask` | the same for Flask |
| `gunicorn`, `celery` | hooks that deliver the last events of a worker |
| `twilio` | signatures, webhooks, why a call ended; needs no package of Twilio's |
| `logging` | errors that are logged become events |
| `otel` | a request's `traceparent`, where OpenTelemetry is not running |
"""
