"""The access decision: who may go online now, why not, and until when that holds.

Design Overview: a `Subscriber` is everything a decision needs, as one frozen value. Each rule of feature
table 2.1 is one function `(subscriber, login, now) -> Gate` in `gates.GATES`; `decision.decide` evaluates
*all* of them, so that a reject carries its full trace and the page that answers "why can't he connect?" is
the same call on stored facts. Every closed gate has a code; `codes` holds the sentence staff read and the
one the subscriber's router logs.

A decision also says until when it holds (`valid_until`): the next instant at which any date in the facts
changes a gate. The server therefore decides when facts change, not when packets arrive.

Pure: no tables, no clock, no sockets.
"""
