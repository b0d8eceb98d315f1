"""How messages are framed: by a schema registry's ids when one is configured."""

from infra.kafka.settings import KafkaSettings
from schemas.wire import Codec


def open_codec(settings: KafkaSettings) -> Codec:
    """The codec of this process. With a registry, our schemas are registered first; one that it
    finds incompatible is refused.
    """
    url = settings.schema_registry_url.get_secret_value()
    if not url:
        return Codec()
    from infra.kafka.registry import Access, Registry

    access = Access(
        settings.schema_registry_username,
        settings.schema_registry_password.get_secret_value(),
        settings.schema_registry_cafile,
        settings.schema_registry_certfile,
        settings.schema_registry_keyfile,
        settings.schema_registry_key_password.get_secret_value(),
    )
    registry = Registry(url, access)
    registry.register(settings.topic_prefix)
    return Codec(registry)
