"""Counts -> numbers: what a confusion says, as pure functions along its last axis."""
