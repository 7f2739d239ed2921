"""The door of kustomize: a generator of manifests, as a KRM function and as an exec plugin of the older kind."""
