"""A Redis that is not there is said in one sentence, and stops nothing."""

from __future__ import annotations

import socket

from core.redis import missing, open_redis


async def test_a_redis_that_does_not_answer_is_said_in_a_sentence_that_names_its_setting(redis_url: str) -> None:
    there = open_redis(redis_url)
    assert await missing(there) is None
    await there.aclose()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = open_redis(f"redis://127.0.0.1:{free.getsockname()[1]}/0")
        sentence = await missing(nobody)
        assert sentence is not None
        assert "Check REDIS_URL" in sentence
        free.listen()
        assert "TimeoutError" in str(await missing(nobody, patience=0.05))
        await nobody.aclose()
