"""JSON read as serde_json reads it, and values decoded as serde decodes them."""
