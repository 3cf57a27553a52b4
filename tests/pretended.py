"""A pretended accelerator, and what it takes of torch."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

ACCELERATOR = "lazy:0"  # of "cuda" even fake tensors need a build of torch with CUDA


def _moves():
    """Whether fake tensors can be made of real ones that move there."""
    real = torch.ones(1)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            real.to(ACCELERATOR)
    except NotImplementedError:
        return False
    return True


needs_pretended = pytest.mark.skipif(not _moves(), reason="this torch cannot pretend to move real tensors to an accelerator")
