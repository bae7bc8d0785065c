"""One module for each kind of sample; every function returns the bytes of one file."""
