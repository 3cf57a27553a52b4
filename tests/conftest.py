"""Settings that every test shares."""

import torch
from hypothesis import settings

torch.set_num_threads(1)  # the tests' tensors are small; those about threads set their own number

settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("house")
