"""The measure of the free-text scanner: labelled texts, generators of more, and how a scanner is scored on them."""
