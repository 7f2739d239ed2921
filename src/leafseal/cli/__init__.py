"""The command line: text to objects, one call, objects to text. A command is a module; `main` has the table."""
