"""Files in and out: rows to judge, findings written beside them."""
