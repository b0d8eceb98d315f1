"""How hard the properties try: the same few lives in every test run, many new ones in chaos."""

from hypothesis import HealthCheck, settings


def quick(examples: int) -> settings:
    """Repeatable, within seconds."""
    return settings(
        deadline=None,
        derandomize=True,
        database=None,
        max_examples=examples,
        stateful_step_count=25,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def long(examples: int) -> settings:
    """Others every time; a failure prints how to see it again."""
    return settings(quick(examples), derandomize=False, print_blob=True, stateful_step_count=40)
