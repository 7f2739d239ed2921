"""One package for each kind of master key; `leafseal.keys.registry` imports one when a file or a rule names its kind."""
