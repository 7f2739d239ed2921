"""The door of kubectl: its command lines, the stream of manifests that it gets, and how it is run."""
