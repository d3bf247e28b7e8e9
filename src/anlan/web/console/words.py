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
    "deferred": mark("Deferred"),
    # types of signals
    "number": mark("Number"),
    "text": mark("Text"),
    "bool": mark("Yes or no"),
    # categories of the starter policies
    "normal": mark("Normal"),
    "abuse": mark("Abuse"),
    "porn": mark("Pornography"),
    "gambling": mark("Gambling"),
    "fraud": mark("Fraud"),
    "illicit_ad": mark("Illicit advertising"),
    "spam": mark("Spam"),
    "weapons": mark("Weapons"),
    "drugs": mark("Drugs"),
    "other": mark("Other"),
    "flooding": mark("Flooding"),
    "blocked": mark("On a block list"),
    "report_burst": mark("Reports in a burst"),
    "account_takeover": mark("Account takeover"),
    "fake_account": mark("Fake accounts"),
    "credential_stuffing": mark("Password guessing"),
    # parameters of actions, and their values in the starter policies
    "scenario": mark("scenario"),
    "to": mark("to"),
    "hours": mark("hours"),
    "queue": mark("queue"),
    "priority": mark("priority"),
    "review": mark("review"),
    "feature": mark("feature"),
    "channel": mark("channel"),
    "recipient": mark("recipient"),
    "payer": mark("payer"),
    "transfer_request": mark("asks for a transfer"),
    "transfer_to_stranger": mark("transfer to a stranger"),
    "large_transfer": mark("large transfer"),
    "off_platform": mark("leads off the platform"),
    "unusual_login": mark("unusual sign-in"),
    "message_strangers": mark("writing to strangers"),
    # roles in a group, languages
    "owner": mark("Owner"),
    "admin": mark("Group administrator"),
    "member": mark("Member"),
    "zh": mark("Chinese"),
    "en": mark("English"),
    # queues
    "accounts": mark("accounts"),
    "content": mark("content"),
    "gangs": mark("gangs"),
    "reports": mark("reports"),
    # units
    "s": mark("s"),
    "days": mark("days"),
    "minor currency units": mark("minor currency units"),
    "major currency units": mark("major currency units"),
    "share": mark("share"),
    "probability": mark("probability"),
    # what the stream can be narrowed to besides one verdict
    "notable": mark("Not simply allowed"),
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
