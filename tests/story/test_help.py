"""The help centre in a real browser: without JavaScript, with it, by keyboard, and on the page where the question arises."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.story.accessibility import violations
from tests.story.conftest import Baton

expect.set_options(timeout=15_000)
PAGES = (
    "/help", "/help/category/sign-in-and-security", "/help/saml-sso-okta", "/help?q=download+my+invoices",
    "/help?q=qwertzuiop", "/help/no-such-article", "/contact", "/contact/sent",
)  # fmt: skip


async def open_page(browser: Browser, baton: Baton, path: str, *, script: bool = True, width: int = 1280) -> Page:
    context = await browser.new_context(
        java_script_enabled=script, bypass_csp=True, viewport={"width": width, "height": 844}
    )
    page = await context.new_page()
    await page.goto(baton.url + path)
    return page


async def test_without_javascript_a_reader_finds_reads_votes_and_writes_to_a_person(
    browser: Browser, baton: Baton
) -> None:
    page = await open_page(browser, baton, "/help", script=False)
    await page.get_by_role("searchbox", name="Search the help centre").fill("can I get my invoices as pdf?")
    await page.get_by_role("button", name="Search", exact=True).click()
    await page.get_by_role("main").get_by_role("link", name="Download invoices as PDF").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Download invoices as PDF")
    await expect(page.get_by_role("navigation", name="On this page").get_by_role("link").first).to_be_visible()
    await page.get_by_role("button", name="No", exact=True).click()
    await expect(page.get_by_text("Thank you, your answer is saved.")).to_be_visible()
    await page.get_by_label("What was missing or wrong?").fill("Where is the button?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("button", name="No", exact=True)).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("main").get_by_role("link", name="Contact support").click()
    await expect(page.get_by_role("button", name="Start a chat")).not_to_be_visible()
    await page.get_by_label("Your e-mail address").fill("kim@example.org")
    await page.get_by_label("How can we help?").fill("My invoice names the wrong company.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your request has arrived")


async def test_typing_offers_articles_by_keyboard_and_a_vote_needs_no_reload(browser: Browser, baton: Baton) -> None:
    page = await open_page(browser, baton, "/help")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    box = page.get_by_role("combobox", name="Search the help centre")
    await box.press_sequentially("import trel", delay=20)
    offered = page.get_by_role("option").first
    await expect(offered).to_contain_text("Import boards from Trello")
    assert await violations(page) == []
    await box.press("ArrowDown")
    await expect(offered).to_have_attribute("aria-selected", "true")
    await box.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Import boards from Trello")
    await page.get_by_role("button", name="Yes", exact=True).click()
    await expect(page.get_by_text("Thank you, your answer is saved.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Yes", exact=True)).to_have_attribute("aria-pressed", "true")
    assert "search=" not in page.url
    await page.get_by_role("banner").get_by_role("link", name="Contact support").click()
    await expect(page.get_by_test_id("widget-panel")).to_be_visible()
    assert page.url.endswith("/help/import-trello")


async def test_the_widget_suggests_articles_for_the_page_before_anybody_types(browser: Browser, baton: Baton) -> None:
    page = await open_page(browser, baton, "/demo/billing?guest=1")
    await page.get_by_test_id("widget-launcher").click()
    card = page.get_by_test_id("widget-article").filter(has_text="Download invoices as PDF")
    await expect(card).to_be_visible()
    await card.click()
    await expect(page.get_by_test_id("article-reader")).to_contain_text("Settings → Billing → Invoices")
    await expect(page.get_by_test_id("article-link")).to_have_attribute("href", re.compile(r"/help/download-invoices$"))
    await expect(page.get_by_test_id("article-back")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(card).to_be_focused()
    await page.get_by_test_id("widget-input").fill("can I get my invoices as pdf?")
    await page.get_by_test_id("widget-send").click()
    await expect(page.get_by_test_id("answer-card").first).to_be_visible()
    await expect(page.get_by_test_id("widget-article")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_of_the_help_centre_passes_the_accessibility_rules_and_fits(
    browser: Browser, baton: Baton, scheme: str, width: int
) -> None:
    page = await open_page(browser, baton, "/help", width=width)
    # A card that is fading in has not its own colours yet.
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    for path in PAGES:
        await page.goto(baton.url + path)
        await expect(page.get_by_test_id("widget-launcher")).to_be_visible()
        assert await violations(page) == [], path
        assert await too_wide(page) == 0, path
    await page.goto(baton.url + "/demo/billing?guest=1")
    await page.get_by_test_id("widget-launcher").click()
    await expect(page.get_by_test_id("widget-article").first).to_be_visible()
    assert await violations(page) == []
    await page.get_by_test_id("widget-article").first.click()
    await expect(page.get_by_test_id("article-link")).to_be_visible()
    assert await violations(page) == []


async def too_wide(page: Page) -> int:
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
