"""What touches the machine: files, folders, locks, programs, signals, the terminal, the editor."""
