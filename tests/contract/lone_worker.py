"""A delivery worker in a process of its own, for a test that kills it: `lone_worker.py DATABASE_URL`."""

import asyncio
import sys

from anlan.delivery.worker import DeliveryWorker
from anlan.store.database import Database
from anlan.telemetry import Metrics

if __name__ == "__main__":
    store = Database(sys.argv[1], bytes(range(32)))
    asyncio.run(DeliveryWorker(store, Metrics(), allows_private=True).run())
