"""The viewer: a trace as one HTML file that needs no server and no network. FORMAT.md beside this file describes it."""
