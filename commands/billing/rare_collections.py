"""The cycle collector rests while chunks are billed."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def rare_collections() -> Generator[None]:
    """A chunk's facts hold no cycles and are gone when it is done: going through them again and
    again costs up to a third of the pass.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
