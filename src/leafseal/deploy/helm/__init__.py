"""The door of Helm: its command lines, value files in memory, its getters, the post-renderer, and its plugins."""
