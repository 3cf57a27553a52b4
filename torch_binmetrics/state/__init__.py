"""Counts that live: the one accumulator, its sum over ranks, and what can be read off it at one moment."""
