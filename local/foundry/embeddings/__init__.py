"""The embedding endpoints: three dialects, one space of vectors for words and pictures."""
