"""The pages of the portal, one file each; `page` is what they are made of."""
