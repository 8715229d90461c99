"""From pixels to unit vectors: model cards, checked model files, the ONNX session."""
