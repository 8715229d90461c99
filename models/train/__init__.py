"""Trains the embedding network: a ResNet taught by distillation under copy augmentations."""
