"""One package for each kind of master key, imported when a file or a rule names its kind (`leafseal.keys.registry`)."""
