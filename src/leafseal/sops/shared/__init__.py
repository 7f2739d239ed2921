"""What the commands of sops have in common; a command is a module of `leafseal.sops`."""
