"""What people do with a conversation: claim it, give it back, resolve it, correct its ticket. One wins, the others are told."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid, StaleEpoch
from handoff.desk import list_rows
from handoff.records import Staff
from handoff.tables import assignments, ratings
from handoff.taking_over import (
    Claimed,
    claim,
    give_back,
    override_ticket,
    rate,
    rating_of,
    release,
    resolve,
    save_email,
)
from tests.handoff.conftest import MINUTE, Floor
from tickets.ticketing import get_ticket, overrides_of


async def test_of_two_agents_who_claim_at_once_one_wins_and_the_other_is_told_who(
    floor: Floor, maya: Staff, jonas: Staff
) -> None:
    waiting = await floor.waiting()
    outcomes = await asyncio.gather(
        *(
            claim(floor.database, waiting.id, agent, epoch=waiting.epoch, at=floor.clock.now())
            for agent in (maya, jonas)
        ),
        return_exceptions=True,
    )
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Claimed)]
    (lost,) = [outcome for outcome in outcomes if isinstance(outcome, StaleEpoch)]
    assert won.anew
    winner = maya if won.conversation.agent_id == maya.id else jonas
    assert lost.message == f"{winner.name} has already taken this conversation."
    assert (await floor.current(waiting)).agent_id == winner.id
    assert [row["staff_id"] for row in await floor.rows(assignments)] == [winner.id]
    claimed = [message for message in await floor.said(waiting) if (message.notice or {}).get("type") == "claimed"]
    assert [message.text for message in claimed] == [f"{winner.name} has joined the conversation."]


async def test_claiming_ones_own_conversation_again_changes_nothing(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    for epoch in (claimed.epoch, claimed.epoch - 1):
        assert await claim(floor.database, claimed.id, maya, epoch=epoch, at=floor.clock.now()) == (claimed, False)
    assert await floor.current(claimed) == claimed
    assert len(await floor.rows(assignments)) == 1


async def test_a_conversation_that_does_not_wait_for_a_person_cannot_be_claimed(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    with_the_bot = await floor.visit()
    claimed = await floor.claimed(maya)
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    resolved = await floor.current(claimed)
    closed = await floor.close(await floor.visit())
    for conversation in (with_the_bot, resolved, closed):
        for agent in (maya, amara):
            with pytest.raises(Conflict, match="not waiting for a person"):
                await claim(floor.database, conversation.id, agent, epoch=conversation.epoch, at=floor.clock.now())
        assert await floor.current(conversation) == conversation


async def test_a_claim_that_saw_an_older_epoch_is_refused(floor: Floor, maya: Staff) -> None:
    waiting = await floor.waiting()
    with pytest.raises(StaleEpoch, match="Open it again"):
        await claim(floor.database, waiting.id, maya, epoch=waiting.epoch - 1, at=floor.clock.now())
    assert (await floor.current(waiting)).owner == "queue"


async def test_a_lead_may_take_over_what_an_agent_has_and_an_agent_may_not(
    floor: Floor, maya: Staff, jonas: Staff, amara: Staff
) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(StaleEpoch, match="Maya has already taken"):
        await claim(floor.database, claimed.id, jonas, epoch=claimed.epoch, at=floor.clock.now())
    with pytest.raises(StaleEpoch, match="Maya has already taken"):
        await claim(floor.database, claimed.id, amara, epoch=claimed.epoch - 1, at=floor.clock.now())
    taken = await floor.claim(claimed, amara)
    assert (taken.agent_id, taken.epoch) == (amara.id, claimed.epoch + 1)
    ended = {row["staff_id"]: row["ended_by"] for row in await floor.rows(assignments)}
    assert ended == {maya.id: "taken_over", amara.id: None}
    with pytest.raises(StaleEpoch):
        await floor.reply(taken, maya, "still me", epoch=claimed.epoch)
    with pytest.raises(StaleEpoch):
        await floor.reply(taken, maya, "still me")
    await floor.reply(taken, amara, "Hello, I am looking into it.")


async def test_a_release_returns_the_conversation_to_its_place_among_what_is_due(floor: Floor, maya: Staff) -> None:
    first = await floor.waiting()
    floor.later(MINUTE)
    second = await floor.waiting()
    taken = await floor.claim(first, maya, at=floor.later(MINUTE))
    floor.later(MINUTE)
    third = await floor.waiting()
    back = await release(floor.database, first.id, maya, epoch=taken.epoch, at=floor.later(MINUTE))
    async with floor.database.read() as reader:
        rows = await list_rows(reader, "queue", maya, floor.clock.now())
        ticket = await get_ticket(reader, str(first.ticket_id))
    assert [row["id"] for row in rows] == [first.id, second.id, third.id]
    assert ticket.assignee is None
    assert (back.owner, back.ticket_id) == ("queue", first.ticket_id)
    assert (await floor.clocks(first.ticket_id))["first_response.0"].started_at == first.updated_at


@pytest.mark.parametrize("step", [resolve, release, give_back])
async def test_only_who_has_the_conversation_in_this_epoch_may_give_it_away(
    floor: Floor, maya: Staff, jonas: Staff, step: object
) -> None:
    claimed = await floor.claimed(maya)
    for agent, epoch in ((jonas, claimed.epoch), (maya, claimed.epoch - 1), (maya, claimed.epoch + 1)):
        with pytest.raises(StaleEpoch):
            await step(floor.database, claimed.id, agent, epoch=epoch, at=floor.clock.now())  # type: ignore[operator]
    assert await floor.current(claimed) == claimed


async def test_resolving_asks_for_a_rating_and_gives_the_conversation_back_to_the_bot(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    await floor.reply(claimed, maya, "Here is how it works.")
    at = floor.later(10 * MINUTE)
    back = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=at, note="Told them how.")
    assert (back.owner, back.epoch, back.ticket_id) == ("bot", claimed.epoch + 1, None)
    assert (back.rating_ticket_id, back.rating_score) == (claimed.ticket_id, None)
    assert back.rasa_id != claimed.rasa_id
    async with floor.database.read() as reader:
        ticket = await get_ticket(reader, str(claimed.ticket_id))
    assert (ticket.status, ticket.resolved_at) == ("resolved", at)
    clocks = await floor.clocks(claimed.ticket_id)
    assert {name: clock.state for name, clock in clocks.items()} == {"first_response.0": "met", "resolution.0": "met"}
    *_, note, notice = await floor.said(claimed)
    assert (note.kind, note.text) == ("note", "Told them how.")
    assert notice.notice == {"type": "resolved", "agent": "Maya"}
    (spell,) = await floor.rows(assignments)
    assert (spell["ended_at"], spell["ended_by"]) == (at, "resolved")


async def test_a_resolution_that_is_refused_leaves_no_note(floor: Floor, maya: Staff, jonas: Staff) -> None:
    claimed = await floor.claimed(maya)
    before = await floor.said(claimed)
    with pytest.raises(StaleEpoch):
        await resolve(floor.database, claimed.id, jonas, epoch=claimed.epoch, at=floor.clock.now(), note="all done")
    assert await floor.said(claimed) == before


async def test_returning_to_the_bot_asks_for_no_rating(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    back = await give_back(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    assert (back.owner, back.rating_ticket_id, back.ticket_id) == ("bot", None, None)
    with pytest.raises(Conflict, match="nothing to rate"):
        await rate(floor.database, claimed.id, 5, "", client_id="r1", at=floor.clock.now())


async def test_a_rating_is_kept_and_a_second_one_replaces_it_with_one_notice(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 2, " slow \n", client_id="r1", at=floor.clock.now())
    await rate(floor.database, claimed.id, 4, "", client_id="r2", at=floor.later(MINUTE))
    (kept,) = await floor.rows(ratings)
    assert (kept["score"], kept["comment"], kept["ticket_id"]) == (4, "", claimed.ticket_id)
    assert (await floor.current(claimed)).rating_score == 4
    notices = [message.notice for message in await floor.said(claimed) if (message.notice or {}).get("type") == "rated"]
    assert notices == [{"type": "rated", "score": 2}]
    async with floor.database.read() as reader:
        assert await rating_of(reader, str(claimed.ticket_id)) == {"score": 4, "comment": ""}


async def test_the_rating_is_of_the_last_help_and_a_new_handoff_withdraws_the_question(
    floor: Floor, maya: Staff
) -> None:
    claimed = await floor.claimed(maya)
    back = await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await floor.hand_over(back)
    with pytest.raises(Conflict):
        await rate(floor.database, claimed.id, 5, "", client_id="r1", at=floor.clock.now())


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_a_score_outside_1_to_5_is_refused(floor: Floor, score: int) -> None:
    conversation = await floor.visit()
    with pytest.raises(Invalid, match="1 to 5"):
        await rate(floor.database, conversation.id, score, "", client_id="r1", at=floor.clock.now())


async def test_a_corrected_priority_recomputes_the_clocks_from_their_start_and_keeps_the_old_value(
    floor: Floor, maya: Staff
) -> None:
    waiting = await floor.waiting("where are my invoices please")
    started_at = floor.clock.now()
    at = floor.later(20 * MINUTE)
    ticket = await override_ticket(floor.database, str(waiting.ticket_id), maya, {"priority": "urgent"}, at=at)
    assert ticket.priority == "urgent"
    clocks = await floor.clocks(waiting.ticket_id)
    assert clocks["first_response.0"].due_at == started_at + timedelta(minutes=30)
    assert clocks["resolution.0"].due_at == started_at + timedelta(minutes=240)
    async with floor.database.read() as reader:
        (kept,) = await overrides_of(reader, ticket.id)
    assert (kept.field, kept.old, kept.new, kept.by, kept.at) == ("priority", "normal", "urgent", "Maya", at)
    assert kept.text == "where are my invoices please"
    assert [event.kind for event in await floor.events(waiting)][-1] == "conversation"


async def test_a_corrected_category_leaves_the_clocks_alone(floor: Floor, maya: Staff) -> None:
    waiting = await floor.waiting("where are my invoices please")
    before = await floor.clocks(waiting.ticket_id)
    ticket = await override_ticket(
        floor.database,
        str(waiting.ticket_id),
        maya,
        {"category": "api"},
        at=floor.later(MINUTE),
    )
    assert ticket.category == "api"
    assert await floor.clocks(waiting.ticket_id) == before


@pytest.mark.parametrize("changes", [{}, {"priority": "huge"}, {"category": "weather"}, {"status": "closed"}])
async def test_a_correction_to_something_that_tickets_do_not_have_is_refused_whole(
    floor: Floor, maya: Staff, changes: dict[str, str]
) -> None:
    waiting = await floor.waiting()
    with pytest.raises(Invalid):
        await override_ticket(
            floor.database,
            str(waiting.ticket_id),
            maya,
            changes and {"category": "api", **changes},
            at=floor.clock.now(),
        )
    async with floor.database.read() as reader:
        assert (await get_ticket(reader, str(waiting.ticket_id))).category == "other"
        assert await overrides_of(reader, str(waiting.ticket_id)) == []


async def test_an_email_address_reaches_the_ticket_and_saving_it_again_says_nothing_new(floor: Floor) -> None:
    waiting = await floor.waiting()
    for client_id in ("e1", "e1", "e2"):
        await save_email(floor.database, waiting.id, "dana@acme.example", client_id=client_id, at=floor.clock.now())
    async with floor.database.read() as reader:
        assert (await get_ticket(reader, str(waiting.ticket_id))).requester_email == "dana@acme.example"
    saved = [message for message in await floor.said(waiting) if (message.notice or {}).get("type") == "email_saved"]
    assert [message.text for message in saved] == ["Thank you. The team can reach you at dana@acme.example."]


async def test_an_old_address_sent_again_does_not_replace_a_newer_one(floor: Floor) -> None:
    waiting = await floor.waiting()
    for client_id, address in (("e1", "old@acme.example"), ("e2", "new@acme.example"), ("e1", "old@acme.example")):
        await save_email(floor.database, waiting.id, address, client_id=client_id, at=floor.clock.now())
    assert (await floor.current(waiting)).email == "new@acme.example"


async def test_a_rating_sent_again_does_not_rate_what_came_after_it(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 1, "", client_id="r1", at=floor.clock.now())
    waiting = await floor.hand_over(await floor.current(claimed))
    again = await floor.claim(waiting, maya)
    await resolve(floor.database, again.id, maya, epoch=again.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 1, "", client_id="r1", at=floor.clock.now())
    assert [row["ticket_id"] for row in await floor.rows(ratings)] == [claimed.ticket_id]


async def test_a_frame_that_was_refused_may_be_sent_again(floor: Floor, maya: Staff) -> None:
    claimed = await floor.claimed(maya)
    with pytest.raises(Conflict):
        await rate(floor.database, claimed.id, 5, "", client_id="r1", at=floor.clock.now())
    await resolve(floor.database, claimed.id, maya, epoch=claimed.epoch, at=floor.clock.now())
    await rate(floor.database, claimed.id, 5, "", client_id="r1", at=floor.clock.now())
    assert (await floor.current(claimed)).rating_score == 5


async def test_waiting_counts_from_the_moment_the_queue_got_the_conversation(
    floor: Floor, maya: Staff, amara: Staff
) -> None:
    queued_at = floor.clock.now()
    waiting = await floor.waiting()
    floor.later(20 * MINUTE)
    await floor.say(waiting, "are you still there?")
    taken = await floor.claim(waiting, maya, at=floor.later(MINUTE))
    taken = await floor.claim(taken, amara, at=floor.later(MINUTE))
    released_at = floor.later(MINUTE)
    again = await release(floor.database, taken.id, amara, epoch=taken.epoch, at=released_at)
    await claim(floor.database, again.id, maya, epoch=again.epoch, at=floor.later(MINUTE))
    spells = sorted(await floor.rows(assignments), key=lambda row: row["epoch"])
    assert [row["queued_at"] for row in spells] == [queued_at, queued_at, released_at]
