"""The verbs of the profile: suspend, disable, cancel, delete, their counterparts, password reset, ID number."""
