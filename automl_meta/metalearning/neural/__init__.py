"""Few-shot meta-learners with PyTorch, which comes with the extra `neural`; nothing here is imported without it."""
