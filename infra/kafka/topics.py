"""The topics of an owner: how each is set up, and whether those that are there can be used.

Topics of events keep everything for ever, are never compacted and never get another number of
partitions: keys would move (design decision 25). Publishing everything again goes to a new
generation of them, `billstream.invoices.g2`; the first has no number.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from aggregates.refusal import Refusal
from infra.kafka.clients import translated
from infra.kafka.settings import KafkaSettings
from schemas import topics as names

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

RELAY = "relay"
"""Where the relay keeps how far it is, in the transaction of what it publishes."""

DAY_MS = 24 * 60 * 60 * 1000
LARGE = 2 * 1024 * 1024
"""Bytes of a message of ours at most: what a command of full size may become, and headers."""

CREATE_MS = 30_000

POLICY, MOST_BYTES = "cleanup.policy", "max.message.bytes"


class TopicSpec(NamedTuple):
    """A topic as it is to be. `fixed`: its number of partitions never changes."""

    name: str
    partitions: int
    configs: Mapping[str, str]
    about: str
    fixed: bool = True

    @property
    def compacted(self) -> bool:
        return "compact" in self.configs[POLICY]


class TopicFound(NamedTuple):
    """A topic as it is."""

    name: str
    partitions: int


def topic_names(prefix: str, generation: int) -> dict[str, str]:
    """What each topic of `schemas.topics` is called on the broker."""
    ending = f".g{generation}" if generation > 1 else ""
    found = {topic: f"{prefix}.{topic}{ending}" for topic in names.EVENT_TOPICS}
    for topic in (
        names.COMMANDS,
        names.REPLIES,
        names.DEAD_LETTERS,
        names.WORK,
        names.PROGRESS,
        RELAY,
    ):
        found[topic] = f"{prefix}.{topic}"
    return found


def specs(settings: KafkaSettings, generation: int) -> dict[str, TopicSpec]:
    """Every topic of the owner, by its name without prefix."""
    called = topic_names(settings.topic_prefix, generation)
    spread = settings.kafka_partitions

    def spec(topic: str, partitions: int, about: str, fixed: bool = True, **more: str) -> TopicSpec:
        configs = {"cleanup.policy": "delete", "retention.bytes": "-1"}
        configs |= {key.replace("_", "."): value for key, value in more.items()}
        if settings.kafka_min_insync:
            configs["min.insync.replicas"] = str(settings.kafka_min_insync)
        return TopicSpec(called[topic], partitions, configs, about, fixed)

    days = {n: str(n * DAY_MS) for n in (1, 14, 30)}
    found = {
        names.COMMANDS: spec(
            names.COMMANDS,
            spread,
            "commands in",
            False,
            retention_ms=days[14],
            compression_type="uncompressed",  # the broker unpacks what we may not know how to
        ),
        names.REPLIES: spec(names.REPLIES, spread, "what came of them", retention_ms=days[14]),
        names.DEAD_LETTERS: spec(
            names.DEAD_LETTERS,
            1,
            "commands that were not done, with the reason",
            retention_ms=days[30],
            max_message_bytes=str(LARGE),
        ),
        names.WORK: spec(names.WORK, spread, "chunks of a run", False, retention_ms=days[1]),
        names.PROGRESS: spec(
            # What remains of a run is in its events: nobody needs the newest for ever, so it is
            # not compacted, and whoever draws the run wants every second of it.
            names.PROGRESS,
            1,
            "how far runs are",
            False,
            retention_ms=days[1],
        ),
        RELAY: spec(RELAY, 1, "how far the relay is", cleanup_policy="compact"),
    }
    for topic in names.EVENT_TOPICS:
        found[topic] = spec(
            topic, spread, "events out", retention_ms="-1", max_message_bytes=str(LARGE)
        )
    return found


def create(admin: "KafkaAdminClient", settings: KafkaSettings, wanted: Iterable[TopicSpec]) -> None:
    """Makes topics and waits until they can be used."""
    new = {
        spec.name: {
            "num_partitions": spec.partitions,
            "replication_factor": settings.kafka_replication,
            "configs": dict(spec.configs),
        }
        for spec in wanted
    }
    if new:
        with translated(settings):
            admin.create_topics(new, timeout_ms=CREATE_MS)
            admin.wait_for_topics(list(new), timeout_ms=CREATE_MS)


def create_missing(
    admin: "KafkaAdminClient", settings: KafkaSettings, generation: int
) -> list[str]:
    """Makes those of the owner's topics that are not there; their names."""
    wanted = specs(settings, generation).values()
    found = found_topics(admin, settings, [spec.name for spec in wanted])
    missing = [spec for spec in wanted if spec.name not in found]
    create(admin, settings, missing)
    return [spec.name for spec in missing]


def found_topics(
    admin: "KafkaAdminClient", settings: KafkaSettings, wanted: Iterable[str]
) -> dict[str, TopicFound]:
    """Those of the topics that are there, by name."""
    with translated(settings):
        described: list[dict[str, Any]] = admin.describe_topics(sorted(wanted))
    found = [
        TopicFound(str(one["name"]), len(one["partitions"]))
        for one in described
        if not one.get("error_code")
    ]
    return {one.name: one for one in found}


def check(
    admin: "KafkaAdminClient",
    settings: KafkaSettings,
    wanted: Iterable[TopicSpec],
    kept: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Whether topics can be used; their numbers of partitions. `kept` are the numbers they had
    when they were first used.
    """
    wanted = list(wanted)
    found = found_topics(admin, settings, [spec.name for spec in wanted])
    missing = [spec.name for spec in wanted if spec.name not in found]
    if missing:
        raise topic_missing(missing)
    for spec in wanted:
        _check_partitions(spec, found[spec.name].partitions, (kept or {}).get(spec.name))
    _check_settings(admin, settings, wanted)
    return {spec.name: found[spec.name].partitions for spec in wanted}


def topic_missing(missing: list[str]) -> Refusal:
    return Refusal(
        "topic_missing",
        f"Kafka has no topic {', '.join(missing)} (or hides it from us): make it with "
        "`billstream topics create`, or allow DESCRIBE",
        topics=missing,
    )


def _check_partitions(spec: TopicSpec, found: int, kept: int | None) -> None:
    if spec.fixed and kept is not None and found != kept:
        raise Refusal(
            "topic_partitions_changed",
            f"topic {spec.name} has {found} partitions and had {kept}: events of one stream may "
            "now stand out of order; begin new topics with `billstream restore finish`",
            topic=spec.name,
            partitions=found,
            expected=kept,
        )
    if kept is None and found < spec.partitions:
        raise Refusal(
            "topic_partitions_too_few",
            f"topic {spec.name} has {found} partitions, {spec.partitions} are wanted: set "
            "BILLSTREAM_KAFKA_PARTITIONS to what it has, or delete it while it is empty and run "
            "`billstream topics create`",
            topic=spec.name,
            partitions=found,
            expected=spec.partitions,
        )


def _check_settings(
    admin: "KafkaAdminClient", settings: KafkaSettings, wanted: list[TopicSpec]
) -> None:
    """No topic of events is compacted, and each takes our largest messages. Who may not look at
    settings does not look.
    """
    try:
        found = topic_settings(admin, settings, [spec.name for spec in wanted])
    except Refusal as refusal:
        if refusal.code == "kafka_refused":
            return
        raise
    for spec in wanted:
        has = found.get(spec.name, spec.configs)
        policy = has.get(POLICY, spec.configs[POLICY])
        if "compact" in policy and not spec.compacted:
            raise Refusal(
                "topic_compacted",
                f"topic {spec.name} has cleanup.policy={policy}, which throws messages away: set "
                "it to delete",
                topic=spec.name,
            )
        wished = spec.configs.get(MOST_BYTES, "0")
        if int(has.get(MOST_BYTES, wished)) < int(wished):
            raise Refusal(
                "topic_messages_too_small",
                f"topic {spec.name} takes messages of {has[MOST_BYTES]} bytes at most, ours may "
                f"have {wished}: set it with `kafka-configs --alter --entity-type topics "
                f"--entity-name {spec.name} --add-config max.message.bytes={wished}`",
                topic=spec.name,
                bytes=has[MOST_BYTES],
                expected=wished,
            )


def topic_settings(
    admin: "KafkaAdminClient", settings: KafkaSettings, wanted: list[str]
) -> dict[str, dict[str, str]]:
    """The settings of topics that we look at, where they can be seen."""
    from kafka.admin import ConfigResource, ConfigResourceType

    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
    with translated(settings):
        described = admin.describe_configs(resources, config_filter="all")
    topics: Mapping[str, Any] = described.get("topic", {})
    return {
        name: {key: str(configs[key]["value"]) for key in (POLICY, MOST_BYTES) if key in configs}
        for name, configs in topics.items()
    }
