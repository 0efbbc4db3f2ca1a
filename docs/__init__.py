"""The documentation: pages for mkdocs, and what makes their pictures and tables."""
