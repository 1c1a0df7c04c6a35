"""How a server is reached: certificates, proxies, and settings with which it cannot be."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import resource
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from graph.errors import EndpointDown, EndpointRefused, SettingsError
from tasks.endpoint.client import Client
from tasks.endpoint.connection import AnswerTooLarge, connect, verify
from tasks.settings.endpoints import Endpoint
from tests.support.scripted_server import ASK, KEY, client, ok, scripted_server, unused_url


async def test_a_certificate_is_trusted_through_the_ca_file_alone(tmp_path: Path) -> None:
    ca_file, tls = private_authority(tmp_path)
    async with scripted_server(ok("over TLS"), tls=tls) as server:
        async with client(server.url, ca_file=str(ca_file)) as c:
            assert (await c.complete(ASK)).text == "over TLS"
        async with client(server.url) as c:
            with pytest.raises(EndpointRefused, match=r"certificate that is not trusted.*Set ca_file"):
                await c.complete(ASK)
    assert len(server.requests) == 1


async def test_requests_go_through_the_proxy_with_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_server(ok("by proxy")) as proxy:
        monkeypatch.setenv("PROXY", proxy.url.removesuffix("/v1").replace("//", "//me:word@"))
        async with client("http://models.invalid/v1", proxy="env:PROXY") as c:
            assert (await c.complete(ASK)).text == "by proxy"
    (received,) = proxy.requests
    assert received.line == "POST http://models.invalid/v1/chat/completions HTTP/1.1"
    assert received.headers["proxy-authorization"] == "Basic bWU6d29yZA=="


async def test_a_tunnel_is_opened_with_the_proxys_password_and_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not heard.done():
            heard.set_result((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.close()

    proxy = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:word@127.0.0.1:{port}")
    async with proxy, client("https://models.invalid/v1", outage_patience=0) as c:
        with pytest.raises(EndpointDown):
            await c.complete(ASK)
    opening = await heard
    assert opening.startswith("CONNECT models.invalid:443 ")
    assert "Basic bWU6d29yZA==" in opening
    assert KEY not in opening


async def test_a_dead_proxy_is_named() -> None:
    dead = unused_url().removesuffix("/v1")
    async with client("http://models.invalid/v1", proxy=dead, outage_patience=0) as c:
        with pytest.raises(EndpointDown, match="proxy not reached"):
            await c.complete(ASK)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file /nowhere/ca.pem cannot be used"),
        ({"proxy": "socks5://127.0.0.1:1080"}, "proxy must be an http:// address"),
        ({"headers": {"X-Pass": "env:GSDP_TEST_UNSET"}}, "GSDP_TEST_UNSET"),
        ({"headers": {"X-Pass": "env:GSDP_TEST_TORN"}}, "env:GSDP_TEST_TORN holds a line break"),
        ({"api_key": "env:GSDP_TEST_TORN"}, "env:GSDP_TEST_TORN holds a blank, a line break"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(
    settings: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GSDP_TEST_TORN", "hush\nhush")
    with pytest.raises(SettingsError, match=words) as error:
        verify(Endpoint(**({"base_url": "http://127.0.0.1:1/v1"} | settings)))
    assert "hush" not in str(error.value)
    if "api_key" in settings:
        return
    with pytest.raises(SettingsError, match=words):
        Client("test", Endpoint(**({"base_url": "http://127.0.0.1:1/v1"} | settings)), None)


def private_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A CA file, and the server side of TLS with a certificate for 127.0.0.1 that this CA signed."""
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)

    def certificate(
        subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, is_ca: bool
    ) -> x509.Certificate:
        name: Callable[[str], x509.Name] = lambda text: x509.Name(  # noqa: E731
            [x509.NameAttribute(NameOID.COMMON_NAME, text)]
        )
        builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - day).not_valid_after(now + day)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return builder.add_extension(host, critical=False).sign(by, hashes.SHA256())

    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(certificate("Test CA", ca_key, "Test CA", ca_key, True).public_bytes(pem))
    private = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(certificate("server", server_key, "Test CA", ca_key, False).public_bytes(pem) + private)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    return ca_file, tls


async def test_an_answer_that_unpacks_to_more_than_memory_ends_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    packing = zlib.compressobj(9, wbits=31)
    packed = b"".join(packing.compress(bytes(1 << 20)) for _ in range(256)) + packing.flush()
    assert len(packed) < 300_000
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with scripted_server(head.encode() + packed) as server, client(server.url, attempts=2) as c:
        reply = await c.complete(ASK)
    assert reply.fault is not None
    assert "larger than 64 MB, which `largest_answer`" in reply.fault
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


async def test_an_answer_to_an_upload_is_bounded_too() -> None:
    packing = zlib.compressobj(9, wbits=31)
    packed = packing.compress(b" " * (2 << 20)) + packing.flush()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    async with scripted_server(head.encode() + packed) as server:
        connection = connect(Endpoint(base_url=server.url, largest_answer=1), KEY)
        with pytest.raises(AnswerTooLarge, match="larger than 1 MB"):
            await connection.upload(connection.url("/files"), b"{}\n")
        await connection.close()
    (received,) = server.requests
    assert received.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert received.headers["authorization"] == f"Bearer {KEY}"
