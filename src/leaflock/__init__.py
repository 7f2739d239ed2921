"""leaflock seals the values of configuration files, in SOPS's format, and leaves every other byte where it was."""

__version__ = "0.1.0"
