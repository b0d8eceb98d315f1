"""Steps from one version of a stored event to the next, one module a step (decision 13).

A step takes the raw payload of (name, version) and returns that of version + 1. It knows nothing
of the classes of today, so that it never has to change again.
"""

from collections.abc import Callable
from typing import Any

from schemas.upcasters import bill_group_created_1

Payload = dict[str, Any]

UPCASTERS: dict[tuple[str, int], Callable[[Payload], Payload]] = {
    ("bill_group.created", 1): bill_group_created_1.upcast,
}
