"""One pure function a source: raw item -> bronze row. What cannot be mapped is rejected with its reason."""
