"""The English and German words that periods are made of."""

MONTHS = {
    1: ("january", "januar", "jänner"),
    2: ("february", "februar", "feber"),
    3: ("march", "märz", "maerz"),
    4: ("april",),
    5: ("may", "mai"),
    6: ("june", "juni"),
    7: ("july", "juli"),
    8: ("august",),
    9: ("september",),
    10: ("october", "oktober"),
    11: ("november",),
    12: ("december", "dezember"),
}
#: From 0, Monday.
WEEKDAYS = (
    ("monday", "montag"),
    ("tuesday", "dienstag"),
    ("wednesday", "mittwoch"),
    ("thursday", "donnerstag"),
    ("friday", "freitag"),
    ("saturday", "samstag", "sonnabend"),
    ("sunday", "sonntag"),
)
#: By the month that they begin with, as in the north; each has three months.
SEASONS = {
    3: ("spring", "frühling", "frühjahr"),
    6: ("summer", "sommer"),
    9: ("autumn", "fall", "herbst"),
    12: ("winter",),
}
UNITS = {
    "day": ("days", "day", "tagen", "tage", "tag"),
    "week": ("weeks", "week", "wochen", "woche"),
    "month": ("months", "month", "monaten", "monate", "monats", "monat"),
    "year": ("years", "year", "jahren", "jahre", "jahr"),
}
#: One of them, where no number stands before.
SINGLE_UNITS = ("day", "tag", "week", "woche", "month", "monat")
NUMBERS = {
    1: ("a", "an", "one", "einer", "einem", "einen", "eine", "ein"),
    2: ("two", "zwei"),
    3: ("three", "drei"),
    4: ("four", "vier"),
    5: ("five", "fünf"),
    6: ("six", "sechs"),
    7: ("seven", "sieben"),
    8: ("eight", "acht"),
    9: ("nine", "neun"),
    10: ("ten", "zehn"),
    11: ("eleven", "elf"),
    12: ("twelve", "zwölf"),
}
#: Regular expressions.
TODAY = r"today|tonight|this (?:morning|afternoon|evening)|heute"
BEFORE_YESTERDAY = r"(?:the )?day before yesterday|vorgestern"
YESTERDAY = r"yesterday|last (?:night|evening)|gestern"
LAST = r"last|previous|(?:letzt|vorig|vergangen)e[nrsm]?"
#: Of a longer time: "the last week of May".
PART_FIRST = r"first|erste[nrsm]?"
PART_LAST = r"last|final|letzte[nrsm]?"
PART_OF = r"of|in|im|am|des|vom|von"
#: After a name, what makes it a part of something else: "last week of the holidays" is not that before this.
OF = r"of|des"
FEW = r"few|paar"
PAST = r"past"
THIS = r"this|diese[nrsm]?"
YEAR = r"year|jahre?s?"
AGO = r"ago"
VOR = r"vor"
WEEKEND = r"weekend|wochenende"
#: Without one of these before it, a name may be another word (`summer dress`) or a habit.
LEADS = (
    r"in|im|on|am|at|during|since|after|before|until|till|from|between|of|to|and|by|early|late|mid"
    r"|seit|nach|vor|bis|ab|von|zwischen|und|anfang|mitte|ende"
)
#: Names that are other words too, or people's. Fewer words before them tell a time: not "to fall in love", "and May".
VAGUE_MONTHS = ("march", "april", "may", "june", "august")
VAGUE_SEASONS = ("spring", "fall")
#: Verbs that numbers stand before and after: "which of the 3 may be right", "did we march 5 miles".
VERB_MONTHS = ("march", "may")
VERB_MONTH_DAY_LEADS = r"on|since|from|between|after|before|until|till|by|around"
#: Without an article: "in the march" is no month.
VAGUE_MONTH_LEADS = r"in|im|during|since|after|before|until|till|early|late|mid|seit|nach|vor|bis|ab|anfang|mitte|ende"
#: "Since the fall" may be one from a ladder. English alone: German has a `Fall` of its own.
VAGUE_SEASON_LEADS = r"(?:in|during|early|late|mid)(?:\s+the)?|since|after|before|until|till|this"
VAGUE_SEASON_LAST = r"last|previous"
ARTICLES = r"the|der|dem|den|des"
TO = r"and|or|to|through|until|till|und|oder|bis|-|\u2013"
SINCE = r"since|seit|ab"
AFTER = r"after|nach"
BEFORE = r"before|vor"
UNTIL = r"until|till|up to|bis"
