"""Results of `analyze` for readers: terminal, Markdown, JSON, notebook."""
