"""What a worker is called in history and in the progress of a run."""

import os
import socket


def worker_name() -> str:
    """This process among those that work together: `billing-2:4711`."""
    return f"{socket.gethostname()[:64]}:{os.getpid()}"
