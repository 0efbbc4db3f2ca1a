"""A trace in the formats of other tools: JSON lines, Perfetto and Chrome, OpenTelemetry, text."""
