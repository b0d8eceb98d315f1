"""How messages are framed: by a schema registry's ids when one is configured."""

from infra.kafka.settings import KafkaSettings
from infra.settings import settings as plain_settings
from schemas.wire import Codec


def open_codec(settings: KafkaSettings) -> Codec:
    """The codec of this process. With a registry, our schemas are registered first; one that it
    finds incompatible is refused.
    """
    url = plain_settings().schema_registry_url
    if not url:
        return Codec()
    from infra.kafka.registry import Registry

    registry = Registry(url)
    registry.register(settings.topic_prefix)
    return Codec(registry)
