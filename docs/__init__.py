"""What makes the documentation: tables from the code and the benchmarks' results, pictures, and what mkdocs needs."""
