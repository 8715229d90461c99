"""Recipes that turn well-known networks into models of the app; run by whoever brings the weights.

``python -m models.export.recipes resnet50 --out FOLDER`` writes an ONNX file and its card;
``lookalike models add`` takes them from there. They need torch (``pip install .[train]``) and, but for SSCD's
TorchScript file, the torchvision that goes with it (``pip install torchvision==0.28.0`` for torch 2.13.0).
"""
