"""Programs that are started with secrets."""
