"""A content team writes, publishes and takes back an article at the desk, and readers of the help centre see just what is published."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Locator, Page, expect

from tests.story.accessibility import violations
from tests.story.conftest import ADMIN, Baton
from tests.story.test_help import open_page, too_wide
from tests.story.test_story import open_desk

expect.set_options(timeout=15_000)
ARTICLE, TITLE = "task-dependencies", "Task dependencies and the Timeline"
CORA = {"email": "cora@fernhill.example", "name": "Cora Lindqvist", "role": "content"}
OWN_PASSWORD = "cora-writes-articles"
HEADERS = {"X-Baton": "desk"}
INDEXED_WITHIN = 60.0
"""Seconds."""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Another colour scheme is there once it was painted; before that some colours are of one and some of the other."""


async def hire(browser: Browser, baton: Baton) -> None:
    """Make the account of who only writes articles, with a password of their own."""
    context = await browser.new_context(base_url=baton.url, extra_http_headers=HEADERS)
    ask = context.request
    assert (await ask.post("/api/staff/session", data=ADMIN)).ok
    made = await ask.post("/api/staff", data=CORA)
    assert made.ok, await made.text()
    once = (await made.json())["password"]
    assert (await ask.post("/api/staff/session", data={"email": CORA["email"], "password": once})).ok
    assert (await ask.put("/api/staff/me/password", data={"current": once, "new": OWN_PASSWORD})).ok
    await context.close()


async def open_studio(browser: Browser, baton: Baton) -> Page:
    """Sign in as who only writes articles."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = await context.new_page()
    await page.goto(f"{baton.url}/desk#/articles")
    await page.get_by_test_id("desk-email").fill(CORA["email"])
    await page.get_by_test_id("desk-password").fill(OWN_PASSWORD)
    await page.get_by_test_id("desk-signin").click()
    return page


def state(desk: Page) -> Locator:
    return desk.get_by_test_id("desk-article-state")


async def publish(desk: Page) -> None:
    await desk.get_by_test_id("desk-article-publish").click()
    await desk.get_by_test_id("desk-confirm-yes").click()
    await expect(state(desk)).to_have_text("Published")


async def search_until_found(reader: Page, url: str, title: str) -> None:
    """Search again until an article is found: what was published is compared by meaning some seconds later."""
    async with asyncio.timeout(INDEXED_WITHIN):
        while not await reader.get_by_role("main").get_by_role("link", name=title).count():
            await reader.goto(url)


async def look(page: Page) -> None:
    """See to it that a page is accessible and fits, wide and narrow, light and dark."""
    for scheme, width in (("light", 1440), ("dark", 390), ("light", 320)):
        await page.set_viewport_size({"width": width, "height": 844})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.evaluate(PAINTED)
        assert await violations(page) == [], (scheme, width)
        assert not await too_wide(page), (scheme, width)
    await page.set_viewport_size({"width": 1440, "height": 900})


async def test_an_article_is_edited_published_fought_over_brought_back_and_taken_out(
    browser: Browser, baton: Baton
) -> None:
    await hire(browser, baton)
    cora = await open_studio(browser, baton)
    amara = await open_desk(browser, baton, "amara@fernhill.example", bypass_csp=True)
    reader = await open_page(browser, baton, f"/help/{ARTICLE}")

    await cora.get_by_test_id("desk-articles-find").fill("task DEPEND")
    await expect(cora.get_by_test_id("desk-article-row")).to_have_count(1)
    await look(cora)
    row = cora.get_by_role("row").filter(has=cora.get_by_role("link", name=TITLE))
    await cora.set_viewport_size({"width": 390, "height": 844})
    await expect(row.get_by_role("cell")).to_have_count(5)
    await row.get_by_text("Published").click(force=True)  # the whole row leads to the article
    preview = cora.get_by_test_id("desk-article-preview")
    await expect(preview.get_by_role("heading", name=TITLE)).to_be_visible()
    await cora.set_viewport_size({"width": 1440, "height": 900})
    text = cora.get_by_test_id("desk-article-content")
    await text.focus()
    await cora.keyboard.press("Control+End")
    await cora.keyboard.type("\n## Zeppelin mode\n\n- A <b>zeppelin</b> floats\nover everything")
    await expect(preview.get_by_role("heading", name="Zeppelin mode")).to_be_visible()
    await expect(preview.get_by_role("listitem").last).to_have_text("over everything")
    await expect(preview).to_contain_text("A <b>zeppelin</b> floats")
    await amara.goto(f"{baton.url}/desk#{cora.url.partition('#')[2]}")
    await expect(amara.get_by_test_id("desk-article-title")).to_have_value(TITLE)
    await cora.keyboard.press("Control+s")
    await expect(state(cora)).to_have_text("Published, with a draft")
    await look(cora)
    await reader.reload()
    await expect(reader.get_by_text("Zeppelin mode")).to_have_count(0)

    await publish(cora)
    await reader.reload()
    await expect(reader.get_by_role("heading", name="Zeppelin mode")).to_be_visible()

    await amara.get_by_test_id("desk-article-title").fill("Dependencies between tasks")
    await amara.get_by_test_id("desk-article-save").click()
    clash = amara.get_by_test_id("desk-article-conflict")
    await expect(clash).to_contain_text("Cora Lindqvist changed this article since this was begun.")
    await clash.get_by_test_id("desk-conflict-compare").click()
    await look(amara)
    await clash.get_by_test_id("desk-conflict-both").click()
    await expect(amara.get_by_test_id("desk-article-content")).to_have_value(await text.input_value())
    await cora.get_by_test_id("desk-article-excerpt").fill("What waits for what.")
    await amara.get_by_test_id("desk-article-save").click()
    await expect(amara.get_by_test_id("desk-article-unsaved")).to_have_count(0)
    await cora.get_by_test_id("desk-article-save").click()
    await expect(cora.get_by_test_id("desk-article-conflict")).to_contain_text("Amara Osei")
    await cora.get_by_test_id("desk-conflict-both").click()
    await publish(cora)
    await reader.goto(f"{baton.url}/help/{ARTICLE}")
    await expect(reader.get_by_role("heading", level=1)).to_have_text("Dependencies between tasks")
    await expect(reader.get_by_text("What waits for what.")).to_be_visible()
    await search_until_found(reader, f"{baton.url}/help?q=make+one+task+wait+for+another", "Dependencies between tasks")
    await reader.goto(f"{baton.url}/help/{ARTICLE}")

    await cora.get_by_test_id("desk-article-history-link").click()
    await cora.get_by_test_id("desk-version").last.get_by_role("link").click()
    await expect(cora.get_by_test_id("desk-difference")).to_contain_text("Added: ## Zeppelin mode")
    await look(cora)
    await cora.get_by_test_id("desk-version-restore").click()
    await cora.get_by_test_id("desk-confirm-yes").click()
    await expect(cora.get_by_test_id("desk-version").first).to_contain_text("now")
    await expect(cora.get_by_role("heading", name="which counts now")).to_be_focused()
    await reader.reload()
    await expect(reader.get_by_role("heading", level=1)).to_have_text(TITLE)
    await expect(reader.get_by_text("Zeppelin mode")).to_have_count(0)

    await cora.get_by_test_id("desk-articles-up").click()
    await cora.get_by_test_id("desk-article-unpublish").click()
    await cora.get_by_test_id("desk-confirm-yes").click()
    await expect(state(cora)).to_have_text("Draft")
    gone = await reader.reload()
    assert gone is not None
    assert gone.status == 404
    await publish(cora)
    back = await reader.reload()
    assert back is not None
    assert back.status == 200


async def test_the_preview_stays_where_one_writes(browser: Browser, baton: Baton) -> None:
    amara = await open_desk(browser, baton, "amara@fernhill.example")
    await amara.goto(f"{baton.url}/desk#/articles/new")
    await amara.get_by_test_id("desk-article-content").focus()
    for part in range(1, 9):
        await amara.keyboard.insert_text(f"## Part {part}\n\n" + "A paragraph of some words. " * 40 + "\n\n")
    await amara.keyboard.insert_text("The last words.")
    preview = amara.get_by_test_id("desk-article-preview")
    await expect(preview.get_by_text("The last words.")).to_be_in_viewport()
    await amara.keyboard.press("Control+Home")
    await expect(preview.get_by_role("heading", name="Part 1")).to_be_in_viewport()
    await expect(preview.get_by_text("The last words.")).not_to_be_in_viewport()
