"""Files that are decrypted where they are deployed: one engine, and a door for each tool that deploys."""
