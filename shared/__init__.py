"""What runs in Azure: everything behind the doors of `function_app.py`."""
