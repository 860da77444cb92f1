"""Ends that HTML may leave out: `<li>one<li>two` are two items, which the standard library's parser puts inside each other."""

from __future__ import annotations

from bs4 import Tag

_CELLS = frozenset({"td", "th"})
_PARTS = frozenset({"thead", "tbody", "tfoot"})
_TABLE = frozenset({"table"})
_TERMS = frozenset({"dt", "dd"})
_ENDED_BY = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu"})),
    **dict.fromkeys(_TERMS, (_TERMS, frozenset({"dl"}))),
    **dict.fromkeys(_CELLS, (_CELLS, _TABLE | {"tr"})),
    "tr": (_CELLS | {"tr"}, _TABLE | _PARTS),
    **dict.fromkeys(_PARTS, (_CELLS | _PARTS | {"tr"}, _TABLE)),
}
"""For each element those that end where it begins, and what it belongs to, beyond which nothing ends."""
_DEEPEST = 1000


def end_where_the_next_begins(soup: Tag) -> None:
    """Put each item, cell, row and term behind the one that ends where it begins, instead of inside it.

    Raises:
        RecursionError: a thousand of them stand inside one another.
    """
    # From the last to the first, so that what is moved holds nothing any more that has to be moved itself.
    for element in reversed(soup.find_all(list(_ENDED_BY))):
        ends, owner = _ENDED_BY[element.name]
        outermost = None
        for depth, above in enumerate(element.parents):
            if above.name in owner:
                break
            if depth > _DEEPEST:
                raise RecursionError
            if above.name in ends:
                outermost = above
        if outermost is not None:
            outermost.insert_after(element.extract())
