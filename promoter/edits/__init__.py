"""Byte-exact edits: find the span, replace it, prove that nothing else changed; or refuse."""
