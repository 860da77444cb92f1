"""Which addresses may be called, and that a name cannot lead anywhere else."""

from __future__ import annotations

import aiohttp
import pytest

from core.errors import Invalid
from server.outbound import check_url, is_public, open_caller


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
        ("https://169.254.169.254/latest", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:10.0.0.7]/", "private"),
        ("https://[64:ff9b::a00:7]/", "private"),
        ("http://localhost:5005/", "private"),
        ("https://vault.internal/", "private"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_the_reason(url: str, why: str) -> None:
    if not why:
        assert check_url(url, private=False) == url.strip()
        return
    with pytest.raises(Invalid, match=why):
        check_url(url, private=False)


def test_this_machine_may_be_called_without_tls_where_that_is_allowed_and_a_private_network_with_it() -> None:
    assert check_url(" http://127.0.0.1:9000/hook ", private=True) == "http://127.0.0.1:9000/hook"
    assert check_url("https://10.0.0.7/", private=True)
    with pytest.raises(Invalid, match="https://"):
        check_url("http://10.0.0.7/", private=True)


def test_an_address_is_public_only_if_what_it_stands_for_is() -> None:
    assert is_public("93.184.215.14")
    assert not any(
        map(is_public, ["127.0.0.1", "::ffff:192.168.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "fe80::1%2"])
    )


async def test_a_name_that_leads_to_this_machine_is_not_called() -> None:
    async with open_caller(private=False) as caller:
        for url in ("https://localhost:1/", "https://2130706433:1/", "https://0x7f.1:1/"):
            with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)):
                await caller.post(url)
