"""Words and moments that call for a care card, whoever it is; to whom one is shown is settled in the center."""
