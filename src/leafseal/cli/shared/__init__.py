"""What commands have in common; a command is a module of `leafseal.cli`, everything else is here."""
