"""A broker as operators secure one: SASL over TLS, an authorizer, a certificate of our own CA."""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.stack.ports import HOST

USERS: Mapping[str, str] = {
    name: f"{name}-s3cret"
    for name in (
        "admin",
        "relay",
        "commands",
        "projector",
        "worker",
        "scheduler",
        "collector",
        "stranger",
    )
}
"""One user a role. Only `admin` may do everything; nobody else may do anything until a test says
so with an ACL.
"""


def secure_settings() -> dict[str, str]:
    """What the broker's properties need besides; its folder has `broker.pem` and `ca.pem`."""
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    admin = f'username="admin" password="{USERS["admin"]}"'
    known = " ".join(f'user_{user}="{password}"' for user, password in USERS.items())
    listener = "listener.name.clients"
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        f"{listener}.scram-sha-512.sasl.jaas.config": f"{scram} required {admin};",
        f"{listener}.plain.sasl.jaas.config": f"{plain} required {admin} {known};",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "broker.pem",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "ca.pem",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }


def client_settings(
    ca: Path, user: str = "admin", mechanism: str = "SCRAM-SHA-512"
) -> dict[str, str]:
    """What kafka-python needs for a user of the broker."""
    return {
        "security_protocol": "SASL_SSL",
        "ssl_cafile": str(ca),
        "sasl_mechanism": mechanism,
        "sasl_plain_username": user,
        "sasl_plain_password": USERS[user],
    }


class Certificates(NamedTuple):
    """Files of a CA, and of a client's certificate signed by it. The client's key is encrypted."""

    ca: Path
    server: Path
    client: Path
    client_key: Path


KEY_PASSWORD = "k3y-s3cret"


def certificates(folder: Path, client: str = "relay") -> Certificates:
    """Makes a CA, a server's key with its certificate in one file, and a client's in two."""
    ca_key, server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca_name = _named("Billstream test CA")
    ca = _certificate(ca_name, ca_name, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca_pem = _signed(ca.add_extension(usage, critical=True), ca_key)
    server = _certificate(_named("localhost"), ca_name, server_key.public_key())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    server = server.add_extension(x509.SubjectAlternativeName(names), critical=False)
    mine = _certificate(_named(client), ca_name, client_key.public_key())
    secret = serialization.BestAvailableEncryption(KEY_PASSWORD.encode())
    texts = {
        "ca.pem": ca_pem,
        "broker.pem": _key(server_key) + _signed(server, ca_key) + ca_pem,
        "client.pem": _signed(mine, ca_key),
        "client.key": _key(client_key, secret),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    (folder / "client.key").chmod(0o600)
    return Certificates(*(folder / name for name in texts))


def write_certificates(folder: Path) -> Path:
    """Makes a CA and the server's key with its certificate; answers the CA's file."""
    return certificates(folder).ca


def _key(
    key: ec.EllipticCurvePrivateKey,
    secret: serialization.KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        secret or serialization.NoEncryption(),
    )


def _signed(made: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
    )
