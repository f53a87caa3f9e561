"""The provider's own details, as printed on paper and mails."""
