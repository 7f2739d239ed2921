"""The tests: one module per module of the program, and folders for what has several."""
