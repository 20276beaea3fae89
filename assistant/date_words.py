"""The words and patterns of ranges of days; `dates` says which days they are."""

from __future__ import annotations

import re

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
SEASON_START = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}  # in the northern half of the world

YEAR = r"(?:19|20)\d\d"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
NUMBER = r"(?:\d{1,4}|" + "|".join(NUMBERS[1:]) + ")"
DAY = (
    rf"(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH}(?:,? {YEAR})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?!\d)(?:,? {YEAR})?)"
)
SEASON = r"(?:spring|summer|autumn|fall|winter)"
UNIT = (
    rf"(?:{DAY}"
    rf"|(?:last |this |past )?{MONTH}(?: of)?(?:,? {YEAR})?\b"
    rf"|{SEASON} {YEAR}/\d\d(?:\d\d)?"
    rf"|(?:last|this|past|next) {SEASON}\b"
    rf"|(?:the )?(?:first|second|1st|2nd) half of {YEAR}"
    rf"|(?:the )?(?:q[1-4]|(?:first|second|third|fourth|1st|2nd|3rd|4th) quarter)(?: of)? {YEAR}"
    rf"|(?:christmas|new year's eve|new year's day)(?: {YEAR})?"
    r"|this (?=morning|afternoon|evening)|today|yesterday|the day before yesterday|tomorrow"
    rf"|(?:last|this|next|past|previous|current) (?:week|month|year|weekend|{'|'.join(WEEKDAYS)})\b"
    rf"|(?:the )?(?:last|past|previous|next|coming) {NUMBER} (?:day|week|month|year)s?"
    rf"|{NUMBER} (?:day|week|month|year)s? ago"
    rf"|(?:the )?(?:year )?{YEAR}\b)"
)
WHOLE = r"ever|of all time|all time|all-time|in all|in total|overall|altogether|so far|in my life|to date"
AND = r"(?:and|to|until|till|through|-|–)"
PHRASE = re.compile(
    rf"\b(?:(?P<whole>{WHOLE})\b"
    rf"|(?:between|from) (?P<a>{UNIT}) {AND} (?P<b>{UNIT})"
    rf"|(?P<since>since|from|after|before|until|till|up to) (?P<c>{UNIT})(?: on(?:wards)?)?"
    rf"|(?:(?:in|on|during|over|within|for|at|of|throughout) )?(?:the )?(?P<one>{UNIT}))"
)
