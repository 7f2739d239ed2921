"""The configuration of a repository, `.sops.yaml`: found, read with every fault, written."""
