"""One thin file per framework, imported only by who asks."""
