"""Published numbers that the simulated sign-ins stand on; what no source tells is named as assumed.

Sources, by the short names used below:

- comScore 2007: "The Impact of Cookie Deletion" (400,000 home computers).
- Counterpoint 2023: smartphone replacement cycle of about 43 months.
- Padmanabhan 2016: "Reasons Dynamic Addresses Change", IMC (3,038 probes in 929 networks).
- Argon 2011: "On the Dynamics of IP Address Allocation and Availability of End-Hosts" (1,804 hosts, two months).
- Richter 2016: "A Multi-perspective Analysis of Carrier-Grade NAT Deployment", IMC.
- Florencio 2007: "A Large-Scale Study of Web Password Habits", WWW (half a million users).
- Chatterjee 2016: "pASSWORD tYPOS and How to Correct Them Securely", S&P (the sign-ins of Dropbox).
- Wiefling 2022: "Pump Up Password Security!", TOPS (31.3 M sign-ins of 3.3 M users in a year).
- Freeman 2016: "Who Are You? A Statistical Approach to Measuring User Authenticity", NDSS.
- Thomas 2017: "Data Breaches, Phishing, or Malware?", CCS.
- Microsoft 2020: "Advancing Password Spray Attack Detection" (identity blog).
- Wang 2016: "Targeted Online Password Guessing: An Underestimated Threat", CCS.
- Doerfler 2019: "Evaluating Login Challenges as a Defense Against Account Takeover", WWW (350,000 attacks).
- Bursztein 2014: "Handcrafted Fraud and Extortion: Manual Account Hijacking in the Wild", IMC.
- Yuan 2019: "Detecting Fake Accounts in Online Social Networks at the Time of Registrations", CCS (WeChat).
- Thomas 2013: "Trafficking Fraudulent Accounts", USENIX Security (121,027 bought accounts of 27 merchants).
- Thomas 2014: "Dialing Back Abuse on Phone Verified Accounts", CCS (4,695 bought accounts).
- Xiao 2015: "Detecting Clusters of Fake Accounts in Online Social Networks", AISec (LinkedIn).
"""

DAY_S = 86_400.0

# Honest members
COOKIES_CLEARED_A_MONTH = 0.31
"""comScore 2007: share of browser users who clear a site's cookies at least once a month."""
DAYS_BETWEEN_PHONES = 43 * 30.4
"""Counterpoint 2023."""
SHARE_OF_FIXED_LINES = 0.6
"""Argon 2011: hosts whose address did not change in two months."""
DAYS_BETWEEN_ADDRESSES = {"fixed": 180.0, "renumbered": 1.0}
"""Argon 2011, Padmanabhan 2016: networks that renumber do so after a day; how long a fixed line lasts is assumed."""
ADDRESS_LEAVES_PREFIX = 0.5
"""Padmanabhan 2016: almost half of address changes lead to another routed prefix."""
FORGOTTEN_A_MONTH = 0.015
"""Florencio 2007: members who forget their password in a month."""
TYPO_CHANCE = 0.08
"""Assumed of each password typed; Chatterjee 2016 tells what the typos are, not how many succeed at last."""
MEDIAN_SIGN_INS_A_DAY = 0.14
"""Assumed: one a week, spread widely; Wiefling 2022: the frequency decides how well a history serves."""
OWNER_PROVES = 0.97
"""Doerfler 2019: share of asked owners who get in within a short time."""

# Thieves
LEAKED_PAIR_FITS = 0.069
"""Thomas 2017: passwords from breaches of others that open the same person's account."""
SPRAY_FITS = 0.01
"""Microsoft 2020: accounts that a spray of a few popular passwords opens."""
SPRAY_ADDRESSES = 10_000
GUESS_FITS = 0.32
"""Wang 2016: accounts of the wary that a hundred guesses open, when another password of theirs is known."""
GUESSES = 100
PROVES = {"machine": 0.0, "phisher": 0.01, "acquaintance": 0.10}
"""Doerfler 2019: who gets past a prompt on the owner's device; machines 0 %, bulk phishers 1 %, targeted 10 %."""
LOOKS_AROUND_S = 180.0
"""Bursztein 2014: what a manual hijacker takes to judge an account before using it."""
THIEF_RETURNS = 3
"""Assumed: how often one who failed to prove anything tries again from elsewhere."""

# Newcomers
FAKE_AMONG_NEWCOMERS = 0.4
"""Yuan 2019: of a million registrations of a day about 400,000 were made by farms."""
FARMS_MAIL_WITH_ONE = 0.6
"""Thomas 2013: bought accounts whose mailbox was with the commonest provider."""
GIVES_MAIL, GIVES_PHONE = 0.5, 0.8
THROWS_MAIL_AWAY = 0.01
"""Assumed of honest people who give a mailbox."""
COMES_BY_VPN, LIVES_ABROAD = 0.03, 0.08
TAKES_A_SECOND_ACCOUNT = 0.05
"""Assumed."""
DRIPS_A_DAY = 8.0
"""Assumed: what keeps below every daily count. Xiao 2015 needed clusters to see anything; here is who makes none."""
