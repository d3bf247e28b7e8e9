"""A simulated life of sign-ins: honest members with published habits, thieves with published means, and a platform."""
