"""The suites, one file each: ``measure`` gives rows, ``draw`` their plot; the file's first lines head its tables.

In a suite's file, ``ACROSS`` says what becomes the columns of its tables: sizes ("n"), contenders ("contender") or none ("").
Where a suite has too many rows for a table, its ``excerpt`` says which to show.
"""

NAMES = (
    "update",
    "counts",
    "collection",
    "rows",
    "bins",
    "compute",
    "memory",
    "sync",
    "nodes",
    "accuracy",
    "loop",
    "trainer",
    "coverage",
)
