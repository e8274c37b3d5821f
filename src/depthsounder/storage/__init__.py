"""Typed Parquet tables that are whole or named as damaged."""
