"""The metric objects: one file for each way of reading counts, with its named classes, and collections of them."""
