"""An emulator of the Azure AI Foundry endpoints: it validates like the service and answers in its shapes.

Every endpoint is one module that turns a request body into an answer; keys, limits, faults and call counts cut across
them in `gateway.py`. Run it with `python -m local.foundry`; see docs/emulator.md.
"""
