"""Programs with one bug each: what is wrong, where, and what shows it."""
