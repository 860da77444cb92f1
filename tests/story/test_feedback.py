"""What readers say reaches who edits: votes in the help centre become a review at the desk, searches a list of what is missing."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.story.accessibility import violations
from tests.story.conftest import Baton
from tests.story.test_help import too_wide
from tests.story.test_story import open_desk

expect.set_options(timeout=15_000)
ARTICLE, TITLE = "import-trello", "Import boards from Trello"
VOTERS = 11
HOSTILE = (
    "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>",
    "\u202eالمقالة لا تشرح\u202c كيف أستورد اللوحات 😭",
    "wordwithoutanend" * 120,
)
UNANSWERED = 'can "Baton" <b>brew</b> espresso?'


async def vote_unhelpful(browser: Browser, baton: Baton, words: str) -> None:
    """Vote as one more reader, without JavaScript, who says why."""
    reader = await browser.new_context(java_script_enabled=False)
    page = await reader.new_page()
    await page.goto(f"{baton.url}/help/{ARTICLE}")
    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_label("What was missing or wrong?").fill(words)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("button", name="No", exact=True)).to_have_attribute("aria-pressed", "true")
    await reader.close()


async def vote(browser: Browser, baton: Baton, helpful: str, words: str = "") -> None:
    """Vote as one more reader, by the form alone: an address has 20 votes a minute, and other tests vote too."""
    reader = await browser.new_context()
    form = {"helpful": helpful, "words": words}
    answer = await reader.request.post(f"{baton.url}/help/{ARTICLE}/vote", form=form)  # type: ignore[arg-type]
    assert answer.ok
    await reader.close()


async def look(page: Page, scheme: str, width: int) -> list[str]:
    """Return what is wrong with how a page looks: violations, and anything wider than the window."""
    await page.set_viewport_size({"width": width, "height": 844})
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    wide = await too_wide(page)
    return [*await violations(page), *([f"{wide} px too wide"] if wide else [])]


async def test_votes_of_hostile_words_become_a_review_that_is_read_and_closed(browser: Browser, baton: Baton) -> None:
    await vote_unhelpful(browser, baton, HOSTILE[0])
    for words in HOSTILE[1:]:
        await vote(browser, baton, "no", words)
    for number in range(VOTERS - len(HOSTILE)):
        await vote(browser, baton, "yes" if number < 2 else "no")
    desk = await open_desk(browser, baton, "amara@fernhill.example", bypass_csp=True)
    await desk.get_by_test_id("desk-page-feedback").click()
    review = desk.get_by_test_id("desk-review").filter(has_text=TITLE)
    await expect(review).to_contain_text(re.compile(r"\b\d+ of \d+ votes say it helped"))
    public = review.get_by_role("link", name=re.compile(f"^{re.escape(TITLE)}"))
    await expect(public).to_have_attribute("href", f"/help/{ARTICLE}")
    await review.get_by_test_id("desk-review-words").click()
    written = review.get_by_test_id("desk-vote-words")
    await expect(written).to_have_count(len(HOSTILE))
    await expect(written.last).to_contain_text(HOSTILE[0])
    await expect(written.first).to_contain_text(HOSTILE[2])
    assert "hacked" not in await desk.title()
    other = await open_desk(browser, baton, "amara@fernhill.example")
    await other.goto(f"{baton.url}/desk#/feedback")
    await other.get_by_test_id("desk-review-done").click()
    for scheme in ("light", "dark"):
        for width in (1440, 390, 320):
            assert await look(desk, scheme, width) == [], (scheme, width)

    await review.get_by_test_id("desk-review-done").click()
    await desk.get_by_role("radio", name="Fine as it is").check()
    await desk.get_by_test_id("desk-review-note").fill("Read it again: <b>it is right</b>.")
    assert await look(desk, "dark", 390) == []
    await desk.keyboard.press("Tab")
    await desk.keyboard.press("Tab")
    await desk.keyboard.press("Enter")
    await expect(review).to_have_count(0)
    await expect(desk.locator("h2#reviews")).to_be_focused()
    await other.get_by_test_id("desk-review-confirm").click()
    await expect(other.get_by_role("alert")).to_have_text("Amara Osei has closed this review already.")
    await expect(other.get_by_test_id("desk-review")).to_have_count(0)
    await desk.get_by_test_id("desk-reviews-state").select_option("closed")
    await expect(review).to_contain_text("Reviewed by Amara Osei")
    await expect(review).to_contain_text("Read it again: <b>it is right</b>.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_people_search_for_is_listed_and_tried_without_being_counted(
    browser: Browser, baton: Baton, scheme: str
) -> None:
    reader = await browser.new_page()
    await reader.goto(f"{baton.url}/help")
    await reader.get_by_role("combobox", name="Search the help centre").fill(UNANSWERED)
    await reader.keyboard.press("Enter")
    await expect(reader.get_by_role("heading", level=1)).to_contain_text("espresso")
    desk = await open_desk(browser, baton, "amara@fernhill.example", bypass_csp=True)
    await desk.goto(f"{baton.url}/desk#/feedback/searches")
    group = desk.get_by_test_id("desk-question").filter(has_text="espresso")
    await expect(group).to_contain_text(UNANSWERED)
    counted = await group.locator(".times").inner_text()
    await group.get_by_test_id("desk-question-open").click()
    for width in (1440, 390, 320):
        assert await look(desk, scheme, width) == [], width
    async with desk.context.expect_page() as tried:
        await group.get_by_test_id("desk-try").click()
    await expect(
        (await tried.value).get_by_role("searchbox").or_((await tried.value).get_by_role("combobox"))
    ).to_have_value(UNANSWERED)
    await desk.reload()
    await expect(group.locator(".times")).to_have_text(counted)
    await desk.get_by_test_id("desk-searches-surface").select_option("bot")
    await expect(group).to_have_count(0)
