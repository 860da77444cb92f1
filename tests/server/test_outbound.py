"""Which addresses may be called, and that a name cannot lead anywhere else."""

from __future__ import annotations

import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core.errors import Invalid
from server.outbound import _private_or_public_socket, _public_socket, check_url, is_public, open_caller


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "no address"),
        ("desk.example.com/baton", "no address"),
        ("https://", "no address"),
        ("https://desk.example.com:99999/", "no address"),
        ("https://desk.example.com/" + "a" * 2000, "no address"),
        ("https://desk.example.com/\n", ""),
        ("http://desk.example.com/", "https://"),
        ("ftp://desk.example.com/", "https://"),
        ("https://user:word@desk.example.com/", "name or password"),
        ("https://desk.example.com/#a", "after #"),
        ("https://10.0.0.7/", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:10.0.0.7]/", "private"),
        ("https://[64:ff9b::a00:7]/", "private"),
        ("http://localhost:5005/", "private"),
        ("https://vault.internal/", "private"),
        ("https://127.1/", "private"),
        ("https://2130706433/", "private"),
        ("https://①②⑦.⓪.⓪.①/", "private"),
        ("https://127。0。0。1/", "private"),
        ("https://localhost./", "private"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_the_reason(url: str, why: str) -> None:
    if not why:
        assert check_url(url, private=False) == url.strip()
        return
    with pytest.raises(Invalid, match=why):
        check_url(url, private=False)


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.1.1",
        "2852039166",
        "0xa9.0xfea9fe",
        "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[::ffff:169.254.169.254]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "metadata.google.internal",
        "METADATA.google.internal.",
    ],
)
def test_where_a_cloud_tells_its_machines_their_secrets_is_never_called(host: str, private: bool) -> None:
    with pytest.raises(Invalid, match="never called"):
        check_url(f"https://{host}/latest", private=private)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1%lo", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_a_name_that_leads_there_is_not_dialled_even_where_private_addresses_are_allowed(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(OSError, match="never called"):
        _private_or_public_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443)))
    with pytest.raises(OSError, match="private address"):
        _public_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443)))


def test_this_machine_may_be_called_without_tls_where_that_is_allowed_and_a_private_network_with_it() -> None:
    assert check_url(" http://127.0.0.1:9000/hook ", private=True) == "http://127.0.0.1:9000/hook"
    for host in ("10.0.0.7", "[fd00::7]", "[64:ff9b::a00:7]", "hooks.internal"):
        assert check_url(f"https://{host}/", private=True)
    with pytest.raises(Invalid, match="https://"):
        check_url("http://10.0.0.7/", private=True)


def test_an_address_is_public_only_if_what_it_stands_for_is() -> None:
    assert is_public("93.184.215.14")
    assert not any(
        map(is_public, ["127.0.0.1", "::ffff:192.168.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "fe80::1%2"])
    )


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "[::1]"]
)
async def test_no_way_of_writing_this_machine_reaches_it(host: str) -> None:
    family, address = (socket.AF_INET6, "::1") if ":" in host else (socket.AF_INET, "127.0.0.1")
    with socket.create_server((address, 0), family=family) as server:
        server.setblocking(False)
        async with open_caller(private=False) as caller:
            with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)):
                await caller.post(f"https://{host}:{server.getsockname()[1]}/")
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_where_private_addresses_are_allowed_this_machine_is_reached() -> None:
    async with open_caller(private=True) as caller, TestServer(web.Application()) as server:
        assert (await caller.post(server.make_url("/"))).status == 404
