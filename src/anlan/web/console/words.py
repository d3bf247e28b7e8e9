"""What people read for the closed sets of words that the rest of the house speaks in."""

from anlan.web.languages import mark

TITLES: dict[str, str] = {
    # verdicts
    "allow": mark("Allow"),
    "warn": mark("Warn"),
    "challenge": mark("Challenge"),
    "hold": mark("Hold"),
    "block": mark("Block"),
    # policy states
    "draft": mark("Draft"),
    "shadow": mark("Shadow"),
    "live": mark("Live"),
    "retired": mark("Retired"),
    # severities
    "info": mark("Info"),
    "low": mark("Low"),
    "medium": mark("Medium"),
    "high": mark("High"),
    "critical": mark("Critical"),
    # list purposes
    "allow_list": mark("Allow list"),
    "block_list": mark("Block list"),
    "watch_list": mark("Watch list"),
    # delivery states
    "pending": mark("Waiting"),
    "delivered": mark("Delivered"),
    "dead": mark("Given up"),
    # costs of signals
    "inline": mark("Inline"),
    "deferred": mark("Deferred"),
    # types of signals
    "number": mark("Number"),
    "text": mark("Text"),
    "bool": mark("Yes or no"),
    "object": mark("Reading"),
    # categories of the starter policies
    "normal": mark("Normal"),
    "abuse": mark("Abuse"),
    "porn": mark("Pornography"),
    "gambling": mark("Gambling"),
    "fraud": mark("Fraud"),
    "illicit_ad": mark("Illicit advertising"),
    "spam": mark("Spam"),
    "account": mark("Account security"),
    "takeover": mark("Account takeover"),
    # event types
    "message.sent": mark("Message sent"),
    "account.login": mark("Sign-in"),
    "account.registered": mark("Registration"),
    "profile.updated": mark("Profile change"),
    "friendship.changed": mark("Friendship change"),
    "group.changed": mark("Group change"),
    "payment.initiated": mark("Payment"),
    "play.session": mark("Play session"),
    "report.filed": mark("Report"),
    "content.published": mark("Publication"),
    # staff notices
    "fuse_quota": mark("A fuse blew: quota used up"),
    "fuse_jump": mark("A fuse blew: hits jumped"),
    "signal_failing": mark("A signal keeps failing"),
    "dead_letter": mark("A delivery was given up"),
    "endpoint_down": mark("An endpoint does not answer"),
    "endpoint_up": mark("An endpoint answers again"),
    # reasons for refusing an event
    "malformed": mark("Not a CloudEvent"),
    "schema": mark("Does not fit its type"),
    "too_large": mark("Too large"),
    "unknown_type": mark("Unknown type"),
    "unknown_version": mark("Unknown version"),
    "time_out_of_range": mark("Time out of range"),
}
"""Word to English title; the catalogues hold the other languages. An operator's own word is shown as it is."""

ACTION_ICONS: dict[str, str] = {
    "alert": "alert",
    "case": "case",
    "notify_staff": "people",
    "delete_message": "cross",
    "mute": "pause",
    "restrict": "lock",
    "end_sessions": "out",
}
