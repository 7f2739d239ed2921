"""Which leaves are sealed, and patterns with the meaning that RE2 gives them."""
