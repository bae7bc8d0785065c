"""What azd runs after each deployment; needs the Azure CLI, and nothing but Python's standard library."""
