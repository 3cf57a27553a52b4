"""Random batches by their numbers: the compiled loop counts what the reference counts, or refuses and leaves all as it was.

``python tests/fuzz.py BATCHES [FIRST]``. The number of a batch that fails, or ends the process, stays in ``build/last-batch``,
and draws the same batch again.
"""

from __future__ import annotations

import math
import random
import sys
import time
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import torch
from test_compiled import CUTS, FLOATS, INTEGERS, LABELS, SPECIAL, SUMS, counted, strewn

import torch_binmetrics as tb
from torch_binmetrics.counting import Dense, Rows, cpu, reference

LAST = Path(__file__).parent.parent / "build" / "last-batch"
BLOCK = 512
SIZES = [0, 1, 3, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 4 * BLOCK, 8 * BLOCK + 24, 9 * BLOCK]
#: One batch in so many is large enough for threads.
RARE, LARGE = 100, (1 << 18) + 3 * BLOCK
LAYOUTS = 500
#: Kinds of rows, one batch in two without any, and their numbers; no state takes more than so many cells.
KINDS = [None, None, None, tb.Labels, tb.Classes, tb.Groups]
ROWS, MOST_CELLS = [1, 2, 3, 5, 31, 300], 1 << 20
IGNORED = [None, None, None, *LABELS, 0, 1, -(2**63)]
SPREADS = [
    lambda u: u,
    lambda u: u**9,
    lambda u: 1 - u**20,
    lambda u: torch.logit(u) * 3,
    lambda u: (u * 8).round() / 8,
    lambda u: u * 1e-39,
    lambda u: (u - 0.5) * 1e39,
    lambda u: u * 0 + 0.3,
]
BAD_WEIGHTS = [0.0, -0.0, -1.0, -5e-324, math.nan, math.inf, 1e300]
#: What classes and ids of groups may be.
IDS = [kind for kind in INTEGERS if kind != torch.bool]


@cache
def layout(number: int) -> tb.Layout:
    """Cuts of the tests or edges of its own, and options; kept, since what the loop has to know of them takes long."""
    rng = random.Random(number)
    edges = [rng.choice([rng.random(), rng.random() ** 9, 0.0, 1.0]) for _ in range(rng.choice([1, 2, 7, 300]))]
    own, from_logits = tb.Edges(sorted(edges)), rng.random() < 0.25
    return tb.Layout(
        rng.choice([own, tb.Uniform(64), tb.FloatBits(16)] if from_logits else [own, *CUTS]),
        from_logits=from_logits,
        ignore_index=rng.choice(IGNORED),
        weighted=rng.random() < 0.4,
        sums=rng.choice([(), (), (), *SUMS]),
        invalid=rng.choice(["raise", "drop", "drop"]),
    )


def layouts_of(rng: random.Random) -> list[tb.Layout]:
    """Some layouts that are counted in one pass, all of them with the same rows or none."""
    numbers = [rng.randrange(LAYOUTS) for _ in range(rng.choice([1, 1, 2, 3, 5]))]
    most = MOST_CELLS // max(layout(number).cells for number in numbers)
    kind, n = rng.choice(KINDS), rng.choice([n for n in ROWS if n <= max(1, most)])
    return [layout(number) if kind is None else by_row(layout(number), kind(n)) for number in numbers]


def by_row(one: tb.Layout, rows: Rows) -> tb.Layout:
    """The same for rows, with the same plan, which knows nothing of rows."""
    found = replace(one, rows=rows)
    vars(found)["_plan"] = cpu._plan(one)
    return found


def shape(rng: random.Random, columns: int) -> tuple[int, ...]:
    """Of one to five dimensions, some of them of size 1, for samples that have so many scores each."""
    size = LARGE // columns if rng.randrange(RARE) == 0 else rng.choice(SIZES)
    sides = []
    while size > 1 and len(sides) < 4 and rng.random() < 0.6:
        sides.append(rng.choice([side for side in (1, 2, 3, 4, 8, 16, 31, 64) if size % side == 0]))
        size //= sides[-1]
    return tuple(rng.sample([*sides, size], len(sides) + 1))


def laid_out(tensor: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """The same numbers in another order of memory, with gaps, or off its start; or a side that repeats its first."""
    side = rng.randrange(tensor.ndim)
    match rng.choice(["as it is", "as it is", "permuted", "with gaps", "off its start", "repeated"]):
        case "permuted":
            order = rng.sample(range(tensor.ndim), tensor.ndim)
            return tensor.permute(order).contiguous().permute([order.index(k) for k in range(tensor.ndim)])
        case "with gaps":
            return torch.stack([tensor] * 3, side).select(side, 1)
        case "off its start":
            return torch.cat([tensor.reshape(-1)[:1], tensor.reshape(-1)])[min(1, tensor.numel()) :].view(tensor.shape)
        case "repeated" if tensor.numel():
            return tensor.narrow(side, 0, 1).expand_as(tensor)
    return tensor


def batch(rng: random.Random, rows: Rows | None) -> dict[str, torch.Tensor]:
    """Scores, labels, weights and ids of any dtype and strides; in half of the batches they hold a few odd values."""
    generator, n = torch.Generator().manual_seed(rng.randrange(2**63)), rows.n if rows else 1
    of_columns, of_classes = isinstance(rows, tb.Labels | tb.Classes), isinstance(rows, tb.Classes)
    sides = shape(rng, n if of_columns else 1)
    wide = (*sides, n) if of_columns else sides
    narrow = sides if of_classes else wide
    uniform = [
        torch.rand(each, dtype=torch.float64, generator=generator) for each in (wide, narrow, rng.choice([wide, narrow]))
    ]
    labels = (uniform[1] * n).long() if of_classes else (uniform[1] < rng.choice([0, 0.01, 0.5, 1])).long()
    columns = {
        "preds": (rng.choice(SPREADS)(uniform[0]), SPECIAL, FLOATS + INTEGERS),
        "target": (labels, rng.sample(LABELS, 2), IDS if of_classes else FLOATS + INTEGERS),
        "weight": (uniform[2] * rng.choice([1, 1, 0, 1e-30]), BAD_WEIGHTS, FLOATS),
        "group": (torch.randint(n, wide, generator=generator), rng.sample(LABELS, 2), IDS),
    }
    return {
        name: laid_out(odd(column, others, rng).to(rng.choice(kinds)), rng) for name, (column, others, kinds) in columns.items()
    }


def odd(column: torch.Tensor, others: list[float], rng: random.Random) -> torch.Tensor:
    """The same numbers or, in half of the cases, a few others among them."""
    generator = torch.Generator().manual_seed(rng.randrange(2**63))
    return strewn(column, torch.tensor(others, dtype=column.dtype), generator) if rng.random() < 0.5 else column


def message(door, tallies, columns, starts) -> str:
    """What a door to the counts says of a batch that it refuses, so that it changes none of them."""
    try:
        door(list(zip(tallies, starts, strict=True)), *columns)
    except ValueError as error:
        return str(error)
    return "nothing"


def check(number: int) -> bool:
    """Raise AssertionError unless both count a batch alike, bit for bit and sums to rounding; whether they took it."""
    rng = random.Random(number)
    layouts = layouts_of(rng)
    rows = layouts[0].rows
    given = batch(rng, rows)
    weighted = any(each.weighted for each in layouts) and rng.random() < 0.8
    columns = [given["preds"], given["target"], given["weight"] if weighted else None]
    group = given["group"] if isinstance(rows, tb.Groups) else None
    compiled, defined, public = (partial(door, group=group) for door in (cpu.count, reference.count, tb.count))
    starts = [torch.full(each.shape, 7, dtype=each.dtype) for each in layouts]
    torch.set_num_threads(rng.choice([1, 2, 3]))
    taken, found = counted(compiled, layouts, columns, starts)
    torch.set_num_threads(1)
    accepted, wanted = counted(defined, layouts, columns, starts)
    assert taken == accepted
    for each, start, mine, theirs in zip(layouts, starts, found, wanted, strict=True):
        assert torch.equal(mine[..., : each.counted], theirs[..., : each.counted])
        sums = mine[..., each.counted :], theirs[..., each.counted :]
        assert torch.equal(*sums) or torch.allclose(*sums, rtol=1e-13, atol=0)
        assert accepted or torch.equal(mine, start)
    if not accepted:
        stores = [Dense(each) for each in layouts]
        told = message(defined, layouts, columns, starts)
        assert told != "nothing"
        assert message(public, stores, columns, starts).startswith(told)  # and may add what was mistaken
    return accepted


def main(batches: int, first: int = 0) -> None:
    """Check so many batches."""
    assert cpu.native is not None, "the compiled loop was not built, or is switched off"
    started, taken = time.monotonic(), 0
    LAST.parent.mkdir(exist_ok=True)
    for number in range(first, first + batches):
        LAST.write_text(f"{number}\n")
        taken += check(number)
    print(f"{batches} batches alike, {taken} of them counted, {batches - taken} refused: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
