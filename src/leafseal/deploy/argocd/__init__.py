"""The door of Argo CD: a config management plugin that finds encrypted files, and renders what they are part of."""
