"""Importers: a published checkpoint in, a bundle (manifest.yaml, ONNX graphs, golden vectors) out. Never needed at run time."""
