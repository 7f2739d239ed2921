"""Random histories: what two branches do to a file, as a model, and what a merge of them must give."""
