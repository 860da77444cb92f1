"""A question, an answer, a person and back: the whole way in a real browser, desk and widget side by side."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.story.accessibility import violations
from tests.story.conftest import Baton

expect.set_options(timeout=15_000)
INVOICES = "can I get my invoices as pdf?"
UNSURE = "getting 429 errors"
"""Two articles come close and neither answers it for sure: Dana chooses, though a rule hands important accounts over that get no answer."""


async def open_widget(browser: Browser, baton: Baton, path: str = "/demo", **context: Any) -> Page:
    page = await (await browser.new_context(**context)).new_page()
    await page.goto(baton.url + path)
    await page.get_by_test_id("widget-launcher").click()
    await expect(page.get_by_test_id("widget-input")).to_be_editable()
    return page


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("widget-input").fill(text)
    await page.get_by_test_id("widget-send").click()


async def open_desk(browser: Browser, baton: Baton, email: str = "maya@fernhill.example", **context: Any) -> Page:
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900}, **context)).new_page()
    await page.goto(f"{baton.url}/desk")
    await page.get_by_test_id("desk-email").fill(email)
    await page.get_by_test_id("desk-password").fill("fernhill-demo")
    await page.get_by_test_id("desk-signin").click()
    await expect(page.get_by_test_id("desk-view-queue")).to_be_visible()
    return page


def row_of(desk: Page, words: str) -> Locator:
    return desk.get_by_test_id("queue-row").filter(has_text=words).first


def log(page: Page) -> Locator:
    return page.get_by_test_id("widget-log")


async def test_the_whole_way_a_question_an_answer_a_person_and_back(browser: Browser, baton: Baton) -> None:
    desk, second = await open_desk(browser, baton), await open_desk(browser, baton, "jonas@fernhill.example")
    widget = await open_widget(browser, baton)

    await say(widget, INVOICES)
    card = widget.get_by_test_id("answer-card").first
    await expect(card).to_contain_text("Download invoices as PDF")
    await expect(card).to_contain_text("Settings")
    assert re.search(r"/help/download-invoices", str(await card.get_by_role("link").first.get_attribute("href")))
    await expect(log(widget).get_by_text("Yes, that helped").last).to_be_visible()
    await log(widget).get_by_text("Yes, that helped").last.click()
    await expect(widget.get_by_test_id("message-button").filter(has_text="Yes, that helped").first).to_be_disabled()

    await say(widget, UNSURE)
    await expect(widget.get_by_test_id("message-button").filter(has_text="API rate limits").last).to_be_enabled()
    await expect(widget.get_by_test_id("message-button").filter(has_text="Talk to a person").last).to_be_enabled()

    await say(widget, "I want to talk to a human")
    await expect(widget.get_by_test_id("widget-queue")).to_be_visible()
    await expect(widget.get_by_test_id("widget-queue")).to_contain_text(re.compile("next|minute|1", re.IGNORECASE))

    row = row_of(desk, "Dana Whitfield")
    await expect(row).to_be_visible()
    countdown = row.locator("baton-countdown")
    before = await countdown.inner_text()
    await row.click()
    for shown in ("invoices as pdf", "429", "I want to talk to a human"):
        await expect(desk.get_by_test_id("desk-log")).to_contain_text(shown)
    await expect(desk.get_by_test_id("desk-package")).to_contain_text("asked for a person")
    await expect(desk.get_by_test_id("desk-why-priority")).to_contain_text("5,000")
    await expect(desk.get_by_test_id("desk-customer")).to_contain_text("Business", ignore_case=True)
    await expect(desk.get_by_test_id("desk-customer")).to_contain_text("6,200")
    await expect(desk.get_by_test_id("desk-package")).to_contain_text("Download invoices as PDF")
    await expect(desk.get_by_test_id("desk-package")).to_contain_text(re.compile("helped|helpful", re.IGNORECASE))
    await expect(countdown).not_to_have_text(before, timeout=70_000)

    await row_of(second, "Dana Whitfield").click()
    waiting = await row.get_attribute("data-id")
    seen = await (await second.request.get(f"{baton.url}/api/desk/conversations/{waiting}")).json()
    await desk.get_by_test_id("desk-claim").click()
    await expect(log(widget)).to_contain_text("Maya Ortiz has joined")
    await expect(desk.get_by_test_id("desk-composer")).to_be_editable()
    late = await second.request.post(
        f"{baton.url}/api/desk/conversations/{waiting}/claim",
        data={"epoch": seen["row"]["epoch"]},
        headers={"X-Baton": "desk"},
    )
    assert late.status == 409
    assert (await late.json())["error"]["message"] == "Maya Ortiz has already taken this conversation."
    await expect(second.get_by_test_id("desk-claim")).not_to_be_visible()
    await expect(second.get_by_test_id("desk-log")).to_contain_text("Maya Ortiz claimed the conversation")

    await desk.get_by_test_id("desk-composer").fill("Hello Dana, your limit is 600 requests a minute.")
    await desk.get_by_test_id("desk-send").click()
    await expect(log(widget)).to_contain_text("your limit is 600 requests a minute")
    await say(widget, "Thanks, that is all I wanted to know")
    await expect(desk.get_by_test_id("desk-log")).to_contain_text("that is all I wanted to know")
    await expect(desk.locator("[data-metric=first_response][data-state=met]")).to_be_visible()

    await desk.get_by_test_id("desk-resolve").click()
    await desk.get_by_test_id("desk-resolve-confirm").click()
    await expect(widget.get_by_test_id("widget-rating")).to_be_visible()
    await widget.get_by_test_id("rating-5").click()
    if await widget.get_by_test_id("rating-send").is_visible():
        await widget.get_by_test_id("rating-send").click()
    await expect(log(widget)).to_contain_text("Thank you for your rating")

    await say(widget, "how do I import my boards from trello?")
    await expect(widget.get_by_test_id("answer-card").last).to_contain_text("Trello")
    await expect(widget.get_by_test_id("widget-queue")).not_to_be_visible()


async def test_with_nobody_on_duty_the_customer_learns_when_and_leaves_an_address(
    browser: Browser, baton: Baton
) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1")
    await say(widget, "I want to talk to a human")
    await expect(widget.get_by_test_id("widget-queue")).to_contain_text(re.compile("reply", re.IGNORECASE))
    await expect(widget.get_by_text("Newest")).to_have_count(0)  # the end stays in sight, whatever came above it
    await widget.get_by_test_id("widget-email").fill("kim@example.org")
    await widget.get_by_test_id("widget-email-save").click()
    await expect(log(widget)).to_contain_text("kim@example.org")


async def test_the_newest_message_stays_in_sight_until_the_customer_scrolls_up(browser: Browser, baton: Baton) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1")
    cards = widget.get_by_test_id("answer-card")
    await say(widget, "how do i export my board to csv?")
    await expect(cards).to_have_count(1)
    await say(widget, "that did not help")
    await expect(cards).to_have_count(2)
    await say(
        widget, "my invoice is wrong and i am really annoyed, get me a human"
    )  # a banner comes above, buttons go: text and window change their heights
    await expect(widget.get_by_test_id("widget-queue")).to_be_visible()
    newest = widget.locator("[data-testid=message]").last
    await expect(newest).to_contain_text(re.compile("person|human|team|someone", re.IGNORECASE))
    await expect(newest).to_be_in_viewport()
    await log(widget).hover()
    await widget.mouse.wheel(0, -400)
    await expect(newest).not_to_be_in_viewport()
    await widget.get_by_text("Newest").click()
    await expect(newest).to_be_in_viewport()


async def test_markup_and_script_in_what_people_write_is_shown_as_text(browser: Browser, baton: Baton) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1")
    await say(widget, "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>")
    await expect(log(widget)).to_contain_text("<img src=x onerror")
    assert "hacked" not in await widget.title()


async def test_a_page_that_styles_every_element_does_not_change_the_widget(browser: Browser, baton: Baton) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1", bypass_csp=True, reduced_motion="reduce")
    await expect(
        widget.get_by_test_id("widget-person")
    ).to_be_enabled()  # it looks otherwise until there is a conversation
    looks = """panel => [panel, ...panel.querySelectorAll("*")].map(part => {
        const look = getComputedStyle(part);
        return [part.className, look.color, look.font, look.textAlign, look.textTransform, look.letterSpacing].join(" | ");
    })"""
    panel = widget.get_by_test_id("widget-panel")
    before = await panel.evaluate(looks)
    await widget.add_style_tag(
        content="* { color: red; font: italic 900 30px/3 serif; text-align: right; text-transform: uppercase; letter-spacing: 4px }"
    )
    assert await panel.evaluate(looks) == before


async def test_a_reload_goes_on_with_the_same_conversation(browser: Browser, baton: Baton) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1")
    await say(widget, INVOICES)
    await expect(widget.get_by_test_id("answer-card").first).to_be_visible()
    await widget.reload()
    if not await widget.get_by_test_id("widget-panel").is_visible():
        await widget.get_by_test_id("widget-launcher").click()
    await expect(log(widget)).to_contain_text(INVOICES)
    await expect(widget.get_by_test_id("answer-card").first).to_contain_text("Download invoices as PDF")


async def test_killing_rasa_leaves_a_working_chat_and_a_person_within_reach(browser: Browser, baton: Baton) -> None:
    widget = await open_widget(browser, baton, "/demo?guest=1")
    await say(widget, "hello")
    await expect(widget.locator("[data-testid=message]")).not_to_have_count(1)
    baton.rasa().kill()
    await say(widget, "are you still there?")
    await expect(log(widget)).to_contain_text("I can't answer right now")
    await log(widget).get_by_test_id("message-button").filter(has_text="Talk to a person").last.click()
    await expect(widget.get_by_test_id("widget-queue")).to_be_visible()
    baton.wait_for('"state": "ready"')


async def test_on_a_phone_each_page_of_the_desk_has_the_whole_width(browser: Browser, baton: Baton) -> None:
    lead = await open_desk(browser, baton, "amara@fernhill.example")
    await lead.set_viewport_size({"width": 390, "height": 844})
    for page in ("team", "feedback", "rules", "webhooks"):
        await lead.goto(f"{baton.url}/desk#/{page}")
        await expect(lead.locator("h1", has_text=re.compile("^(Team|Feedback|SLA rules|Webhooks)$"))).to_be_visible()
        box = await lead.get_by_role("main").bounding_box()
        assert box is not None
        assert (box["x"], box["width"]) == (0, 390)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_passes_the_accessibility_rules(browser: Browser, baton: Baton, scheme: str) -> None:
    # axe-core is put into the page, which the page's own policy refuses; every other test is held to that policy.
    widget = await open_widget(browser, baton, "/demo?guest=1", color_scheme=scheme, bypass_csp=True)
    await say(widget, INVOICES)
    await expect(widget.get_by_test_id("answer-card").first).to_be_visible()
    assert await violations(widget) == []
    await widget.goto(f"{baton.url}/help/download-invoices")
    assert await violations(widget) == []
    desk = await open_desk(browser, baton, bypass_csp=True)
    await desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert await violations(desk) == []
    lead = await open_desk(browser, baton, "amara@fernhill.example", bypass_csp=True)
    await lead.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for page in ("team", "feedback", "rules", "webhooks"):
        await lead.get_by_test_id(f"desk-page-{page}").click()
        await expect(lead.locator("h1", has_text=re.compile("^(Team|Feedback|SLA rules|Webhooks)$"))).to_be_visible()
        assert await violations(lead) == []
    await lead.get_by_test_id("desk-bell").click()
    await expect(lead.get_by_test_id("desk-notifications")).to_be_visible()
    assert await violations(lead) == []
