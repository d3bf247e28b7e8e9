"""The command line, one module per noun; `anlan.cli` puts them together."""
