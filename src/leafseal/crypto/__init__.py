"""Every use of a cipher or digest on a leaf: tokens, the MAC, shares of a data key, spellings."""
