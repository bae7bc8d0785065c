"""Pictures drawn from a prompt, the same ones for the same prompt, size and index."""
