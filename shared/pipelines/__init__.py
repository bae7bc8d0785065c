"""Pipelines join storage and models: blobs in, client calls, blobs out."""
