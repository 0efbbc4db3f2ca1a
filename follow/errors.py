"""Everything follow raises or warns of; each message is a sentence that says what to do."""


class FollowError(Exception):
    """Base of every error that follow raises about code it was asked to follow."""


class SourceUnavailable(FollowError):
    """The source of a function cannot be had, or is not what is running."""


class TransformError(FollowError):
    """The source is there, but it cannot be rewritten faithfully."""


class FollowWarning(UserWarning):
    """Base of every warning that follow gives."""


class FollowerWarning(FollowWarning):
    """A follower raised and has been switched off."""
