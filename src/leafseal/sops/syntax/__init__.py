"""The words of sops's command line: grammar, the table of commands, usage texts, completion."""
