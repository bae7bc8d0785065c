"""The image endpoints: generations and edits on both routes, and the pictures that they draw."""
