"""Access when closed (W-16): for each reason, whether lines are rejected, fenced in or slowed down.

One row for each reason that a provider changed; without one lines are rejected. `radius.policy.degrading`
decides, `radius.policy.replies` says it in the words of each kind of NAS.
"""
