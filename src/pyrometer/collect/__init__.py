"""Ways of collecting a profile, one file each."""
