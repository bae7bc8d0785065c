"""`darkroom doctor`: why a file that was dropped became nothing, looked for in every part of an installation."""
