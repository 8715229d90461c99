"""Turns a trained network into the ONNX files and cards that the app loads, and back again."""
