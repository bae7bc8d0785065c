"""The command `darkroom`, for people at a keyboard; never deployed."""
