"""That somebody checked who the customer is: by which document, how, when and until when (2.19, RICA s39)."""
