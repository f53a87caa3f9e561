"""All paper of a run as one zip: ordered by a person, made in the background, there for some days."""
