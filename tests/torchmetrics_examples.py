"""The examples in torchmetrics' documentation, run on the drop-in classes."""

import doctest
import inspect

import torch
from torchmetrics import classification as peers

from torch_binmetrics.integrations import torchmetrics as ours


def examples_of(name: str) -> dict[str, object]:
    """Run a class's documented examples with ours in its place, assert that they print what is documented; their names."""
    source = inspect.getdoc(getattr(peers, name))
    assert source
    assert f"from torchmetrics.classification import {name}" in source
    source = source.replace("-0.0000", "0.0000").replace(
        "from torchmetrics.classification import", f"from {ours.__name__} import"
    )
    test = doctest.DocTestParser().get_doctest(source, {"torch": torch}, name, name, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    failed, tried = runner.run(test, out=said.append, clear_globs=False)
    assert tried > 3
    assert not failed, "".join(said)
    return test.globs
