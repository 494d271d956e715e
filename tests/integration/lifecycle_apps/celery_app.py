"""A Celery app whose tasks emit; its broker is a folder. `python celery_app.py <count>` sends tasks."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from celery import Celery
from emitting import emit

from earwitness.integrations.celery import connect

connect()
FOLDER = Path(os.environ["NOTES"]).parent / "queue"
FOLDER.mkdir(exist_ok=True)
app = Celery("celery_app", broker="filesystem://")
app.conf.update(
    broker_transport_options={"data_folder_in": str(FOLDER), "data_folder_out": str(FOLDER), "store_processed": False},
    task_ignore_result=True,
    worker_max_tasks_per_child=int(os.environ.get("TASKS_A_CHILD", "1000")),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="work")
def work(count: int, seconds: float = 0.0) -> int:
    taken = emit(count)
    time.sleep(seconds)
    return taken + emit(count)


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        work.delay(3, 0.05)
