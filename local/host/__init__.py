"""A small Functions host: blob, queue, timer and http triggers for a Python app, with the real host's habits
and traps.
"""
