"""Tables and figures. Nothing here computes an estimate."""
