"""Tables of words as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

WIDTH = 100
# Colours are those of the page, so that a dark one stays dark.
_CELL = "padding:0.15em 0.8em;border:none;background:none;color:inherit"
_HEAD = f"{_CELL};font-weight:600;border-bottom:1px solid currentColor"


@dataclass(frozen=True)
class Table:
    """Rows of words under a head; the first column is aligned on the left, the others on the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def as_text(title: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """Tables one below the other, without columns in which all rows are empty, then the notes."""
    parts = [title, *(_text(_filled(table)) for table in tables)]
    if notes:
        lines = [line for note in notes for line in wrap(note, WIDTH, initial_indent="! ", subsequent_indent="  ")]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def as_html(title: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """The same for a notebook, in the colours of its page."""
    parts = [f'<p style="font-weight:600">{escape(title)}</p>', *(_html(_filled(table)) for table in tables)]
    if notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        parts.append(f'<div style="border-left:4px solid #D55E00;padding-left:0.6em;max-width:50em"><ul>{items}</ul></div>')
    return f'<div style="color:inherit">{"".join(parts)}</div>'


def _filled(table: Table) -> Table:
    """The table without columns in which all rows are empty."""
    kept = [k for k in range(len(table.head)) if any(row[k] for row in table.rows)]
    return Table([table.head[k] for k in kept], [[row[k] for k in kept] for row in table.rows])


def _text(table: Table) -> str:
    """Columns as wide as their widest word."""
    lines = [table.head, *table.rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(table.head))]
    return "\n".join(
        "  ".join(
            word.rjust(width) if k else word.ljust(width) for k, (word, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _html(table: Table) -> str:
    """One HTML table."""
    head, *body = (
        "".join(_cell(word, "th" if i == 0 else "td", "right" if k else "left") for k, word in enumerate(line))
        for i, line in enumerate([table.head, *table.rows])
    )
    rows = "".join(f'<tr style="background:none">{row}</tr>' for row in body)
    style = "border-collapse:collapse;margin:0.6em 0;font-variant-numeric:tabular-nums"
    return f'<table style="{style}"><thead><tr style="background:none">{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cell(word: str, tag: str, side: str) -> str:
    """One cell of an HTML table."""
    return f'<{tag} style="{_HEAD if tag == "th" else _CELL};text-align:{side}">{escape(word)}</{tag}>'
