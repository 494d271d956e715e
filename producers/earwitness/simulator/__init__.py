"""Traffic for the voice app: callers with a story, and Twilio between them and the app.

Needs the extra `voice-app` (aiohttp, twilio).
"""
