"""The audit trail: who did what with which file, told to the logs that a policy names, before a value is let out."""
