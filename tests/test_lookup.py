"""Counting by a table equals the definition bit for bit, whatever the batch."""

import torch
from hypothesis import given, settings, strategies as st
from test_compiled import batches, counted, layouts

from torch_binmetrics.counting import lookup, reference
from torch_binmetrics.counting.layout import Layout


def dropping(layout):
    """The layout as it counts on an accelerator, where nothing is refused at once."""
    options = {name: getattr(layout, name) for name in ("from_logits", "ignore_index", "weighted", "sums")}
    return Layout(layout.cuts, **options, invalid="drop")


@settings(max_examples=60)
@given(st.lists(layouts.map(dropping), min_size=1, max_size=3), batches(), st.booleans())
def test_a_table_counts_as_the_definition(tallies, batch, weighted):
    if not weighted or not any(layout.weighted for layout in tallies):
        batch = [*batch[:2], None]
    starts = [torch.arange(layout.cells).to(layout.dtype) for layout in tallies]
    done, counts = counted(lookup.count, tallies, batch, starts)
    expected_done, expected = counted(reference.count, tallies, batch, starts)
    assert done == expected_done
    assert all(map(torch.equal, counts, expected))
