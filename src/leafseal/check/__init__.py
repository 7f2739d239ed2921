"""What is wrong with the files of a repository, found without a key: plain text, weak rules, drifted recipients."""
