"""Settings that every test shares."""

import os

import pytest
import torch
from hypothesis import Phase, settings

os.environ.setdefault("TRITON_INTERPRET", "1")  # before Triton is first imported: its kernels run without a GPU
torch.set_num_threads(1)  # the tests' tensors are small; those about threads set their own number

if "TORCH_BINMETRICS_TEST_DTYPE" in os.environ:  # what users may set: no value may depend on it
    torch.set_default_dtype(getattr(torch, os.environ["TORCH_BINMETRICS_TEST_DTYPE"]))

settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=6)
#: For who only wants to know whether a test fails.
settings.register_profile("unshrunk", settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("house")

#: Whole files that ``make quick`` leaves out: frameworks, pictures, and thousands of cases of one law.
SLOW = {
    "test_area_bounds",
    "test_huggingface",
    "test_intervals",
    "test_lightning",
    "test_plots",
    "test_plots_of_rows",
    "test_tensorboard",
}
SLOW |= {"test_docs", "test_exactness", "test_package", "test_torchmetrics", "test_torchmetrics_habits", "test_traced"}


def pytest_collection_modifyitems(items):
    """Mark tests that wait for processes, which run apart from those that share the cores, and slow ones."""
    for item in items:
        if "stage" in getattr(item, "fixturenames", ()):  # where ranks left their reports
            item.add_marker(pytest.mark.processes)
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)
