"""Programs that start `sops`: as themselves where they are at hand, else replayed word for word."""
