"""What can be done to one file, or to many, as bytes in and bytes out; nothing here reads or writes files."""
