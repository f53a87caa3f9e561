"""The month of data: every line's grant, what rolls over and for how long, notices, transfers, consent, and the law.

The decisions are pure (`deciding`, `regulation`); `granting` and `sweeping` write whole months set-based.
"""
