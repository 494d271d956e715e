"""What an app's `gunicorn.conf.py` has to say."""

from earwitness.integrations.gunicorn import post_worker_init, worker_exit

__all__ = ["post_worker_init", "worker_exit"]
