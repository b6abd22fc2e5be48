"""A million devices on paper: which of AWS's quotas breaks first, and how long the platform takes because of it."""
