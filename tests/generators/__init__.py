"""Random files, in every spelling that people and programs use."""
