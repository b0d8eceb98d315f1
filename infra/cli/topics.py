"""`billstream topics`: the owner's topics on Kafka."""

from collections.abc import Mapping

import click

from infra.cli.options import database_option, example, json_option


@click.command(
    epilog=example(
        "billstream topics create",
        "BILLSTREAM_KAFKA_PARTITIONS=12 BILLSTREAM_KAFKA_REPLICATION=3 \\",
        "  BILLSTREAM_KAFKA_MIN_INSYNC=2 billstream topics create",
    )
)
@database_option
@json_option
def create(database: str | None, as_json: bool) -> None:
    """Make the topics that are not there yet. What is there stays as it is. Topics of events keep
    everything for ever and never get another number of partitions.
    """
    from infra.cli.output import print_json, say
    from infra.composition import open_app
    from infra.kafka import clients, topics
    from infra.kafka.history import identity_of
    from infra.kafka.settings import kafka_settings
    from infra.kafka.start import cluster_of, refuse_others
    from infra.kafka.tie import check_tie
    from infra.run.turns import make_table

    settings = kafka_settings()
    with open_app(database) as app:
        mine = identity_of(app.store)
        admin = clients.admin(settings)
        try:
            refuse_others(admin, settings, mine)
            check_tie(app.store, settings, cluster_of(admin, settings))
            made = topics.create_missing(admin, settings, mine.generation)
            make_table(app.store.views_database())  # schedulers may be users who may not
        finally:
            admin.close()
    if as_json:
        print_json({"created": made})
    else:
        say(f"Made {', '.join(made)}." if made else "Every topic is there.")


@click.command("list", epilog=example("billstream topics list"))
@database_option
@json_option
def list_topics(database: str | None, as_json: bool) -> int:
    """List the owner's topics: what each is for, its partitions, how long it keeps. The exit
    status is 1 when one is missing.
    """
    from infra.cli.output import Column, print_json_list, print_table
    from infra.composition import open_app
    from infra.kafka import clients, topics
    from infra.kafka.history import identity_of
    from infra.kafka.settings import kafka_settings

    settings = kafka_settings()
    with open_app(database) as app:
        wanted = topics.specs(settings, identity_of(app.store).generation)
    admin = clients.admin(settings)
    try:
        found = topics.found_topics(admin, settings, [spec.name for spec in wanted.values()])
    finally:
        admin.close()
    rows = [
        {
            "topic": spec.name,
            "about": spec.about,
            "partitions": found[spec.name].partitions if spec.name in found else None,
            "wanted_partitions": spec.partitions,
            "settings": dict(spec.configs),
        }
        for spec in wanted.values()
    ]
    if as_json:
        print_json_list(rows)
    else:
        columns = (
            Column("Topic", keep=True),
            Column("Partitions", right=True),
            Column("Keeps"),
            Column("About"),
        )
        print_table(
            columns,
            (
                (row["topic"], row["partitions"] or "missing", _keeps(spec.configs), row["about"])
                for row, spec in zip(rows, wanted.values(), strict=True)
            ),
            empty="There are no topics.",
        )
    return 0 if len(found) == len(rows) else 1


def _keeps(configs: Mapping[str, str]) -> str:
    if configs["cleanup.policy"] == "compact":
        return "the newest"
    from infra.cli.output import counted

    kept = int(configs["retention.ms"])
    return "for ever" if kept < 0 else counted(kept // 86_400_000, "day")
