"""What commands say at length: of a failure, and of what changed."""
