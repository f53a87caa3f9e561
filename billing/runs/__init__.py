"""The month-end run: plan, preview, approve, issue, certificate, undo."""
