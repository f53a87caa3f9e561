"""Messages: the kinds and their templates, the outbox, the channels.

Turns events of every app below into messages, once, and delivers them. May call every app below it; nothing
below ever calls it, so a slow mail server delays nobody.
"""
