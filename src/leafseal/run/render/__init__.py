"""Decrypted values as files in a folder, for programs that read files: all of them are exchanged in one step."""
