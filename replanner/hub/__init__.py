"""Adapters that read models: a Hugging Face Hub, a folder, a local hub."""
