"""Tables of currencies and units of measure, singular and plural."""

# One and several of the unit and of its hundredth.
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₤": ("pound", "pounds", "penny", "pence"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "₴": ("hryvnia", "hryvnias", "kopek", "kopeks"),
    "₫": ("dong", "dong", "xu", "xu"),
    "₿": ("bitcoin", "bitcoins", "cent", "cents"),
}
# Any one of their signs, in a pattern.
SIGNS = f"[{''.join(CURRENCIES)}]"
_REGULAR = {
    "km": "kilometer",
    "cm": "centimeter",
    "m": "meter",
    "mm": "millimeter",
    "µm": "micrometer",
    "nm": "nanometer",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "µg": "microgram",
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "mi": "mile",
    "yd": "yard",
    "yds": "yard",
    "gal": "gallon",
    "min": "minute",
    "mins": "minute",
    "sec": "second",
    "secs": "second",
    "hr": "hour",
    "hrs": "hour",
    "yr": "year",
    "yrs": "year",
    "ms": "millisecond",
    "µs": "microsecond",
    "W": "watt",
    "kW": "kilowatt",
    "MW": "megawatt",
    "V": "volt",
    "kB": "kilobyte",
    "KB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "cal": "calorie",
    "kcal": "kilocalorie",
}
_UNCHANGED = {
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "dB": "decibels",
    "%": "percent",
    "am": "a. m.",
    "pm": "p. m.",
    "AM": "a. m.",
    "PM": "p. m.",
    "k": "thousand",
    "K": "thousand",
    "M": "million",
    "bn": "billion",
    "x": "times",
    "ppm": "parts per million",
}
_IRREGULAR = {
    "ft": ("foot", "feet"),
    "in.": ("inch", "inches"),
    "mph": ("mile per hour", "miles per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "mpg": ("mile per gallon", "miles per gallon"),
    "°": ("degree", "degrees"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
    "¢": ("cent", "cents"),
}
_LENGTHS = {"mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer"}
_POWERS = {
    f"{unit}{mark}": (f"{power} {word}", f"{power} {word}s")
    for unit, word in _LENGTHS.items()
    for mark, power in (("²", "square"), ("³", "cubic"))
}
# One and several, by the unit as written.
MEASURES: dict[str, tuple[str, str]] = {
    **{unit: (word, word + "s") for unit, word in _REGULAR.items()},
    **{unit: (word, word) for unit, word in _UNCHANGED.items()},
    **_IRREGULAR,
    **_POWERS,
    "ft²": ("square foot", "square feet"),
}
