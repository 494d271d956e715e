"""Stand-ins: what plays Airtable, Redis, Twilio's media and S3 where the example runs without them.

They answer as the real ones do, failures included, and keep everything in memory. Nothing in the app knows of them but
`main.py`, which is where you put yours instead.
"""
