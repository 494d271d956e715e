"""Masking: personal data in, tokens out, no record decoded on the way."""
