"""Encrypted files in Git: what a repository knows, the drivers for diff and merge, and the guard of plain text."""
