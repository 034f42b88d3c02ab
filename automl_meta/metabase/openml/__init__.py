"""OpenML's public runs as a meta-base: fetched dependably, translated honestly."""
