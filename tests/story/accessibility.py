"""axe-core on a page, as the browser packages carry it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Two frames, in which a change of size and colours reaches everything: without them one text of hundreds once had too little contrast."""


async def violations(page: Page) -> list[str]:
    """Return each violation of WCAG 2.2 A and AA with the elements it is about, and what is wrong with them."""
    await page.evaluate(PAINTED)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("rules => axe.run(document, rules)", RULES)
    return [f"{problem['id']}: {problem['help']} ({_of(problem['nodes'])})" for problem in found["violations"]]


def _of(nodes: list[dict[str, object]]) -> str:
    return "; ".join(f"{node['target']}: {node['failureSummary']}" for node in nodes)
