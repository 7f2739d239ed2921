"""Replacing secret values in what a program prints: the forms of a value, and the filter that finds them."""
