"""Members of a group that stay members.

kafka-python asks at every poll anew whether a member has to join again, and forgets it in two cases
in which it has already stopped its heartbeat:

- what topics there are has changed, the member has given its partitions back, cannot join at once,
  and meanwhile topics are what they were: so it goes when a broker starts and does not know all of
  its topics yet;
- the heartbeat itself has ended with an error, which is told once.

Such a member polls without a pause, reads nothing, and the group has given it up without its
hearing of it. Kafka's own client remembers that it has to join until it has joined.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafka import KafkaConsumer


def stay(consumer: "KafkaConsumer") -> None:
    """From now on the consumer joins again until it has joined, and its heartbeat begins again."""
    inside: Any = consumer
    coordinator: Any = inside._coordinator
    asked = coordinator.need_rejoin

    def need_rejoin() -> bool:
        silent = coordinator._heartbeat_loop_future is None  # its end has been told
        return bool(coordinator.rejoining or silent or asked())

    coordinator.need_rejoin = need_rejoin
