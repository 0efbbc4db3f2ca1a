"""What the pytest plugin does when it is asked to: `session` follows modules, `marker` one test."""
